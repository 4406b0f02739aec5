// A laboratory's own limits: given like a recording, kept, given back.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { golden } from './fixtures.mjs';
import { dialog, expect, opened, table, test } from './support.mjs';

const TABLE = '# name: Ward 7\nstudy,measure,unit,bound,value\nmedian_motor_apb,onset_latency,ms,upper,1.5\nwarp_motor,amplitude,mV,lower,4\n';

test('a table of own limits judges at once, stays after a reload, and is given back', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  const beyond = table(page).locator('[title*="Ward 7"]');
  await expect(beyond).toHaveCount(0);
  await page.locator('#file-input').setInputFiles({ name: 'ward.csv', mimeType: 'text/csv', buffer: Buffer.from(TABLE) });
  await expect(page.getByText('Ward 7 in use.')).toBeVisible();
  await expect(page.getByText(/line 4: the study 'warp_motor' is not known/)).toBeVisible();
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await expect(page.getByRole('region', { name: 'Conclusion' })).toContainText('limit 1.5 ms');

  await page.reload();
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await expect(page.getByRole('region', { name: 'Conclusion' })).toContainText('limit 1.5 ms');
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  const limits = page.getByRole('region', { name: 'Limits of normal' });
  await expect(limits).toContainText('Ward 7, 1 row;');
  const [download] = await Promise.all([page.waitForEvent('download'), limits.getByRole('button', { name: 'Save as a table' }).click()]);
  expect(fs.readFileSync(await download.path(), 'utf8')).toContain('median_motor_apb,onset_latency,ms,upper,4.5');
  await limits.getByRole('button', { name: 'Published limits again' }).click();
  await expect(limits).toContainText('AANEM Normative Data Task Force');
  await page.reload();
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await expect(page.getByRole('region', { name: 'Conclusion' })).toContainText('fibular head');
  await expect(page.getByRole('region', { name: 'Conclusion' })).not.toContainText('limit 1.5 ms');
});

test('limits are computed from a folder of past studies, accepted row by row and used', async ({ page }) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'past-'));
  for (const name of ['median.edf', 'ulnar.edf']) fs.copyFileSync(golden(`study/${name}`), path.join(folder, name));
  // Latencies of 240 people, evenly over the quantiles of a normal distribution around 3.0 ms.
  const quantile = (part) => 3 + 0.35 * Math.log(part / (1 - part)) / 1.702;
  const rows = Array.from({ length: 240 }, (_, at) => `median_motor_apb,onset_latency,ms,${quantile((at + 0.5) / 240).toFixed(3)},${at},${20 + (at % 60)},${at % 2 ? 'F' : 'M'}`);
  fs.writeFileSync(path.join(folder, 'old.csv'), ['study,measure,unit,value,person,age,sex', ...rows, 'warp_motor,amplitude,mV,4,1,30,F'].join('\n'));
  await page.goto('./');
  const limits = page.getByRole('region', { name: 'Limits of normal' });
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), limits.getByRole('button', { name: 'From past studies' }).click()]);
  await chooser.setFiles(folder);
  const latency = dialog(page).getByRole('row', { name: /Median motor.*onset latency/ }).first();
  await expect(latency).toContainText('241');
  await expect(latency).toContainText('≤ 3.');
  await expect(dialog(page).getByText('3 studies or tables')).toBeVisible();
  await dialog(page).getByText('1 could not be used').click();
  await expect(dialog(page).getByText(/warp_motor/)).toBeVisible();
  await expect(dialog(page).locator('.curve svg')).toBeVisible();

  const ages = dialog(page).getByLabel('Ages apart');
  await ages.fill('20');
  await ages.press('Enter');
  await expect(dialog(page).getByRole('alert')).toContainText('20-44');
  await ages.fill('');
  await dialog(page).getByLabel('women and men apart').check();
  await expect(dialog(page).getByRole('row', { name: /onset latency \(women\)/ })).toContainText('120');
  await dialog(page).getByLabel('women and men apart').uncheck();
  await expect(latency).toContainText('241');
  await dialog(page).getByLabel('What the limits are called').fill('Ward 9');
  await dialog(page).getByRole('button', { name: 'Use 1 limit' }).click();
  await expect(page.getByText('Ward 9 in use.')).toBeVisible();
  await expect(limits).toContainText('Ward 9, 1 row;');
});
