// Reading pixels of the three canvases: 0 grid, 1 traces, 2 marks.

export const GRID = 0;
export const TRACES = 1;
export const MARKS = 2;

/** Stretches of ink in one column of a layer, CSS px: [from, to] top to bottom. */
export const inkInColumn = (page, layer, x) => page.locator('#scope canvas').nth(layer).evaluate((canvas, x) => {
  const ratio = canvas.width / canvas.clientWidth;
  const { data } = canvas.getContext('2d').getImageData(Math.min(Math.floor(x * ratio), canvas.width - 1), 0, 1, canvas.height);
  const runs = [];
  for (let y = 0; y < canvas.height; y++) {
    if (data[y * 4 + 3] < 90) continue;
    const last = runs.at(-1);
    if (last && y - last[1] <= 2 * ratio) last[1] = y;
    else runs.push([y, y]);
  }
  return runs.map((run) => run.map((y) => y / ratio));
}, x);

/** For every device column of a band (CSS px): how many pixels carry ink. */
export const inkProfile = (page, layer, top, bottom) => page.locator('#scope canvas').nth(layer).evaluate((canvas, [top, bottom]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const [y0, y1] = [Math.floor(top * ratio), Math.ceil(bottom * ratio)];
  const { data } = canvas.getContext('2d').getImageData(0, y0, canvas.width, y1 - y0);
  const counts = new Array(canvas.width).fill(0);
  for (let k = 0; k < data.length / 4; k++) if (data[k * 4 + 3] > 90) counts[k % canvas.width] += 1;
  return counts;
}, [top, bottom]);

/** Centre of the ring around the marker under the keyboard, CSS px within the view; null when there is none. */
export const ringCentre = (page) => page.locator('#scope canvas').nth(MARKS).evaluate((canvas) => {
  const ratio = canvas.width / canvas.clientWidth;
  const focus = getComputedStyle(document.documentElement).getPropertyValue('--focus').trim();
  const probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = focus;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  // Two rows of the ring are horizontal lines of at least 14 px of the colour.
  const lines = [];
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0, from = -1; x <= canvas.width; x++) {
      const at = (y * canvas.width + x) * 4;
      const hit = x < canvas.width && data[at + 3] > 200 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 60;
      if (hit && from < 0) from = x;
      if (!hit && from >= 0) {
        const length = (x - from) / ratio;
        if (length > 14 && length < 24) lines.push([(from + x) / 2 / ratio, (y + 0.5) / ratio]);
        from = -1;
      }
    }
  }
  if (!lines.length) return null;
  const ys = lines.map((line) => line[1]);
  return { x: lines[0][0], y: (Math.min(...ys) + Math.max(...ys)) / 2 };
});

/** A number that changes whenever a layer's pixels do. */
export const fingerprint = (page, layer) => page.locator('#scope canvas').nth(layer).evaluate((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let hash = 2166136261;
  for (let k = 0; k < data.length; k += 4) hash = Math.imul(hash ^ (data[k] | (data[k + 3] << 8) | (data[k + 2] << 16)), 16777619);
  return hash >>> 0;
});
