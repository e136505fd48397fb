// What an operator sees in Zabbix: the problems and the dashboard of the host. Called by zabbix-run.
const { chromium } = require('playwright-core');

(async () => {
	const [base, folder, executablePath] = process.argv.slice(2);
	const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu',
		'--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
		'--disable-sync'] });
	const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
	await page.goto(base + '/index.php');
	await page.fill('#name', 'Admin');
	await page.fill('#password', 'zabbix');
	await page.click('#enter');
	await page.waitForLoadState('networkidle');
	// Only what the operator looks at.
	const plain = () => page.addStyleTag({ content: 'aside, .filter-container, .tabfilter-container, .filter-space, ' +
		'.ui-tabs-nav, footer { display: none !important }' });
	await page.goto(base + '/zabbix.php?action=problem.view&show=1&filter_set=1');
	await page.waitForLoadState('networkidle');
	await plain();
	await page.setViewportSize({ width: 1200, height: 330 });
	await page.screenshot({ path: folder + '/zabbix-problems.png' });
	await page.goto(base + '/zabbix.php?action=host.dashboard.view&hostid=' + (process.argv[5] || '') +
		'&from=now-3m&to=now');
	await page.waitForLoadState('networkidle');
	await plain();
	await page.setViewportSize({ width: 1200, height: 900 });
	await page.waitForFunction(() => [...document.querySelectorAll('img')].every((i) => i.complete));
	await page.waitForLoadState('networkidle');
	await page.screenshot({ path: folder + '/zabbix-dashboard.png' });
	await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
