// What an operator sees in Zabbix, the problems or the dashboard of the host, as zabbix-NAME.png. Called
// by zabbix-run.
const { chromium } = require('playwright-core');

(async () => {
	const [base, folder, executablePath, host, what] = process.argv.slice(2);
	const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu',
		'--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
		'--disable-sync'] });
	const page = await browser.newPage({ viewport: { width: 1240, height: what === 'problems' ? 330 : 1130 } });
	await page.goto(base + '/index.php');
	await page.fill('#name', 'Admin');
	await page.fill('#password', 'zabbix');
	await page.click('#enter');
	await page.waitForLoadState('networkidle');
	await page.goto(base + (what === 'problems' ? '/zabbix.php?action=problem.view&show=1&filter_set=1' :
		'/zabbix.php?action=host.dashboard.view&hostid=' + host + '&from=now-3m&to=now'));
	await page.waitForLoadState('networkidle');
	// Only what the operator looks at.
	await page.addStyleTag({ content: 'aside, .filter-container, .tabfilter-container, .filter-space, ' +
		'.ui-tabs-nav, footer { display: none !important }' });
	await page.evaluate(() => window.dispatchEvent(new Event('resize')));
	await page.waitForFunction(() => [...document.querySelectorAll('img')].every((i) => i.complete));
	await page.waitForLoadState('networkidle');
	await page.screenshot({ path: folder + '/zabbix-' + what + '.png' });
	await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
