// ECDH on P-256 (NIST SP 800-56A §5.7.1.2) with a key pair that is used this once, for Web Push: by OpenSSL's points,
// for its key objects cost as much again as the arithmetic. Thread-safe.
#pragma once

#include "base/encoding.h"

namespace hg::crypto {

// Whether this is a point of P-256, uncompressed (65 bytes, SEC 1 §2.3.3).
bool on_p256(Bytes point);

struct Agreed {
  Buffer point;   // the pair's public half, 65 bytes
  Buffer shared;  // what both sides can compute, 32 bytes
};
// Makes a pair, agrees with `with`, for which on_p256 holds, and forgets the private half.
Agreed agree_once(Bytes with);

}  // namespace hg::crypto
