// A laboratory's own limits: given like a recording, kept, given back.
import fs from 'node:fs';
import { expect, opened, table, test } from './support.mjs';

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
