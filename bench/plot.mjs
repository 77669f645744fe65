// Bar charts as small SVG files: one bar a name, its least and most as a line across.
const escape = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');
const number = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2));

// bars: [{name, median, least, most, ours}]; aim: {value, says} a line to be below.
export function barChart({ title, unit, bars, aim }) {
  const left = 250, width = 760, bar = 22, gap = 8, top = 44;
  const most = Math.max(...bars.map((one) => one.most), aim?.value ?? 0) * 1.08 || 1;
  const x = (value) => left + (value / most) * (width - left - 90);
  const height = top + bars.length * (bar + gap) + (aim ? 26 : 10);
  const lines = bars.map((one, i) => {
    const y = top + i * (bar + gap), middle = y + bar / 2;
    return `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escape(one.name)}</text>` +
      `<rect x="${left}" y="${y}" width="${(x(one.median) - left).toFixed(1)}" height="${bar}" fill="${one.ours ? '#0a6cbd' : '#9aa5b1'}"/>` +
      `<path d="M${x(one.least).toFixed(1)} ${middle}H${x(one.most).toFixed(1)}" stroke="#222" stroke-width="1.5"/>` +
      `<text x="${(x(one.most) + 6).toFixed(1)}" y="${middle + 4}">${number(one.median)}</text>`;
  });
  if (aim) {
    const bottom = top + bars.length * (bar + gap);
    lines.push(`<path d="M${x(aim.value).toFixed(1)} ${top - 6}V${bottom}" stroke="#b3261e" stroke-dasharray="4 3"/>` +
      `<text x="${x(aim.value).toFixed(1)}" y="${bottom + 14}" text-anchor="middle" fill="#b3261e">${escape(aim.says)}: ${number(aim.value)}</text>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13">` +
    `<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" font-size="15" font-weight="600">${escape(title)} (${escape(unit)})</text>${lines.join('')}</svg>\n`;
}
