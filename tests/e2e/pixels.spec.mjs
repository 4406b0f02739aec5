// Traces, marks and axes agree: a known spike is drawn at the pixel that the stretch in view says,
// so is a cursor on it, so are the divisions of the axis.
import { SPIKE } from './fixtures.mjs';
import { drawn, expect, openRecording, pxOf, range, reading, scope, test } from './support.mjs';
import { GRID, MARKS, TRACES, inkProfile } from './pictures.mjs';

/** Device columns of the traces where ink reaches far from the zero line, as runs. */
async function spikes(page, height, zero) {
  const counts = await inkProfile(page, TRACES, zero + 25, zero + height);
  const runs = [];
  counts.forEach((count, x) => {
    if (!count) return;
    if (runs.at(-1)?.[1] === x - 1) runs.at(-1)[1] = x;
    else runs.push([x, x]);
  });
  return runs.map(([from, to]) => (from + to + 1) / 2);
}

/** The x of vertical lines of the grid that are darker than both neighbours, device px. */
const gridLines = (page) => page.locator('#scope canvas').nth(GRID).evaluate((canvas) => {
  // A row just below the top, between horizontal lines.
  const { data } = canvas.getContext('2d').getImageData(0, 3, canvas.width, 1);
  const light = (x) => data[x * 4] + data[x * 4 + 1] + data[x * 4 + 2];
  const runs = [];
  for (let x = 0; x < canvas.width; x++) {
    if (light(x) > 730) continue;
    if (runs.at(-1)?.[1] === x - 1) runs.at(-1)[1] = x;
    else runs.push([x, x]);
  }
  return runs.map(([from, to]) => (from + to + 1) / 2);
});

for (const ratio of [1, 2]) {
  test.describe(`at ${ratio} device pixels a CSS pixel`, () => {
    test.use({ deviceScaleFactor: ratio });

    test('a spike, a cursor and the divisions are where the range says', async ({ page }) => {
      await openRecording(page, 'spike.edf');
      await drawn(page);
      const check = async () => {
        const view = await range(page);
        const zero = await zeroLine(page);
        const inView = SPIKE.at.filter((at) => at > view.from && at < view.to);
        const found = await spikes(page, view.height / 3, zero);
        expect(found, JSON.stringify(view)).toHaveLength(inView.length);
        inView.forEach((at, k) => expect(Math.abs(found[k] / ratio - pxOf(view, at)), `spike at ${at} s`).toBeLessThanOrEqual(1));
        return view;
      };
      const view = await check();

      // Divisions: the axis says whole steps; every line lies on a multiple of one step.
      const lines = (await gridLines(page)).filter((x) => x > 2 && x < view.width * ratio - 2);
      expect(lines.length).toBeGreaterThan(4);
      const step = 0.5;
      expect(lines.length).toBe(Math.ceil((view.to - view.from) / step) - 1);
      lines.forEach((x, k) => expect(Math.abs(x / ratio - pxOf(view, view.from + (k + 1) * step)), `division ${k + 1}`).toBeLessThanOrEqual(1));

      // A cursor, taken to the peak, stands on the spike.
      await scope(page).click({ position: { x: pxOf(view, 0.72), y: 60 } });
      await page.keyboard.press('p');
      await expect.poll(async () => Number.parseFloat(await reading(page, 'A').first().innerText())).toBe(SPIKE.at[0]);
      await drawn(page);
      const cursor = async () => {
        const now = await range(page);
        const counts = await inkProfile(page, MARKS, 30, now.height - 40);
        const tallest = Math.max(...counts);
        expect(tallest, 'a line from top to bottom').toBeGreaterThan((now.height - 80) * ratio);
        const columns = counts.flatMap((count, x) => (count === tallest ? [x] : []));
        return (columns[0] + columns.at(-1) + 1) / 2 / ratio;
      };
      expect(Math.abs((await cursor()) - pxOf(view, SPIKE.at[0]))).toBeLessThanOrEqual(1);

      // Close up, where single samples are drawn: still one place for all three.
      await scope(page).hover({ position: { x: pxOf(view, SPIKE.at[0]), y: 60 } });
      await expect.poll(async () => {
        await page.mouse.wheel(0, -300);
        await drawn(page);
        const now = await range(page);
        return now.to - now.from;
      }).toBeLessThan(0.3);
      await drawn(page);
      const near = await check();
      const at = await spikes(page, near.height / 3, await zeroLine(page));
      expect(Math.abs((await cursor()) - at[0] / ratio)).toBeLessThanOrEqual(0.75);
    });
  });
}

/** Height of the flat part of the only lane, CSS px. */
const zeroLine = (page) => page.locator('#scope canvas').nth(TRACES).evaluate((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let best = [0, 0];
  for (let y = 0; y < canvas.height; y++) {
    let count = 0;
    for (let x = 0; x < canvas.width; x++) if (data[(y * canvas.width + x) * 4 + 3] > 90) count += 1;
    if (count > best[0]) best = [count, y];
  }
  return best[1] / (canvas.width / canvas.clientWidth);
});
