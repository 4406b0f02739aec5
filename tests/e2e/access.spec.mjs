// Everyone: axe-core on every view and dialog, light, dark, high contrast and on a phone.
import AxeBuilder from '@axe-core/playwright';
import { dialog, expect, open, opened, openMotor, openRecording, range, scope, table, test } from './support.mjs';

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const words = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')}`);
  expect.soft(words, what).toEqual([]);
}

async function close(page) {
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
}

/** Every view and every dialog, as keys open them. */
async function everything(page) {
  await page.goto('./');
  await clean(page, 'home');
  await open(page, 'notes.txt');
  await expect(page.locator('.note.abn')).toBeVisible();
  await clean(page, 'home with a refusal');
  await open(page, 'norate.csv');
  await expect(dialog(page)).toBeVisible();
  await clean(page, 'text dialog');
  await close(page);
  await openMotor(page);
  await scope(page).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect(table(page).locator('.person').first()).toBeVisible();
  await scope(page).click({ position: { x: 150, y: 20 } });
  await expect(page.getByRole('table', { name: 'Cursor readings' })).toBeAttached();
  await clean(page, 'sweeps');
  for (const [key, name] of [['?', 'All keys'], ['f', 'Filters'], ['t', 'Test'], ['Control+e', 'Export']]) {
    await page.keyboard.press(key);
    await expect(page.getByRole('dialog', { name })).toBeVisible();
    await clean(page, `${name} of sweeps`);
    await close(page);
  }
  await openRecording(page, 'two.edf');
  await scope(page).click({ position: { x: 100, y: 60 } });
  await clean(page, 'recording');
  for (const [key, name] of [['n', 'Annotation'], ['l', 'Lanes'], ['m', 'Make sweeps'], ['f', 'Filters'], ['Control+e', 'Export']]) {
    await page.keyboard.press(key);
    await expect(page.getByRole('dialog', { name })).toBeVisible();
    await clean(page, `${name} of a recording`);
    await close(page);
  }
}

for (const colorScheme of ['light', 'dark']) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme });
    test('axe finds nothing', async ({ page }) => everything(page));
  });
}

test('axe finds nothing in high contrast', async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem('theme', 'contrast'));
  await everything(page);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'contrast');
});

test.describe('on a phone held upright', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 });

  test('axe finds nothing', async ({ page }) => everything(page));

  /** Controls in view that a finger would miss, and whether the page is wider than the screen. */
  const faults = (page) => page.evaluate(() => {
    const small = [];
    for (const element of document.querySelectorAll('button, input:not(.sr), select, a[href]')) {
      const style = getComputedStyle(element);
      let box = element.getBoundingClientRect();
      if (!box.width || !box.height || style.visibility === 'hidden') continue;
      // A tick is pressed with its label.
      if (/checkbox|radio/.test(element.type) && element.closest('label')) box = element.closest('label').getBoundingClientRect();
      if (box.height < 43.5) small.push(`${element.getAttribute('aria-label') ?? element.textContent.trim() ?? element.id}: ${Math.round(box.height)} px`);
    }
    return { small, wide: document.scrollingElement.scrollWidth - innerWidth };
  });

  const usable = async (page, what) => expect.soft(await faults(page), what).toEqual({ small: [], wide: 0 });

  test('controls suit a finger and nothing is wider than the screen', async ({ page }) => {
    await page.goto('./');
    await usable(page, 'home');
    await openMotor(page);
    await usable(page, 'sweeps');
    await page.keyboard.press('t');
    await expect(dialog(page)).toBeVisible();
    await usable(page, 'test dialog');
    await close(page);
    await openRecording(page, 'two.edf');
    await usable(page, 'recording');
    for (const key of ['f', 'l', 'n', 'm', 'Control+e']) {
      await page.keyboard.press(key);
      await expect(dialog(page)).toBeVisible();
      await usable(page, `dialog of ${key}`);
      await close(page);
    }
  });

  test('the list comes as a sheet from below, and a finger scrolls past the traces', async ({ page }) => {
    await openMotor(page);
    const tree = page.getByRole('navigation', { name: 'Examination' });
    await expect(tree).toBeHidden();
    const button = page.getByRole('button', { name: 'List of tests and recordings' });
    await button.tap();
    await expect(tree).toBeVisible();
    await expect(button).toHaveAttribute('aria-expanded', 'true');
    const box = await tree.boundingBox();
    expect(Math.round(box.y + box.height)).toBe(844);
    await tree.getByRole('button', { name: 'motor.hea' }).tap();
    await expect(tree).toBeHidden();
    await expect(page.getByRole('region', { name: 'Lanes' })).toBeAttached();
    expect((await range(page)).width).toBeGreaterThan(380);
  });
});

test('every picture has words, and a screen reader hears what happens', async ({ page }) => {
  await openMotor(page);
  const picture = page.locator('#scope').getByRole('img');
  await expect(picture).toHaveAttribute('aria-label', /3 sweeps.*Wrist: onset \d.*Axilla/);
  await scope(page).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('p[role=status]')).toHaveText(/Onset \d\.\d\d ms/);
  await openRecording(page, 'two.edf');
  await expect(picture).toHaveAttribute('aria-label', /3 lanes: Biceps/);
  await expect(page.locator('p[role=status]')).toHaveText('two.edf opened');
});

test('who prefers no motion sees none', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./?demo');
  await opened(page);
  const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length);
  expect(moving).toBe(0);
});
