// Time passes for one code at a time: it has expired, and nothing else has.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

function expire(data, table, secret) {
  const hash = createHash('sha256').update(secret).digest('hex');
  const done = spawnSync('sqlite3', ['-cmd', '.timeout 10000', path.join(data, 'heliograph.db'), `UPDATE ${table} SET expires_at = 1 WHERE hash = x'${hash}'; SELECT changes();`], { encoding: 'utf8' });
  if (done.stdout.trim() !== '1') throw new Error(`no such code in ${table}: ${secret} ${hash} of ${spawnSync('sqlite3', [path.join(data, 'heliograph.db'), `SELECT hex(hash), expires_at, state FROM device_codes`], { encoding: 'utf8' }).stdout}`);
}
export const expireCode = (data, code) => expire(data, 'authorization_codes', code);
export const expireDevice = (data, deviceCode) => expire(data, 'device_codes', deviceCode);
