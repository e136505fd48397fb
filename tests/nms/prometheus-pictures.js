// Pictures of Prometheus' own pages, and the dashboard drawn from its JSON and from what Prometheus
// answers to its expressions. Called by prometheus-pictures.
const { chromium } = require('playwright-core');
const fs = require('fs');

const [base, folder, executablePath, seconds, dashboardFile] = process.argv.slice(2);
const CELL_W = 50, CELL_H = 34, COLOURS = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#b877d9',
	'#5794f2', '#fade2a'];
const UNITS = { percentunit: (v) => (100 * v).toFixed(1) + ' %', bytes: (v) => (v / 2 ** 30).toFixed(1) + ' GiB',
	s: (v) => v < 3600 ? v.toFixed(1) + ' s' : v < 86400 ? (v / 3600).toFixed(1) + ' h' : (v / 86400).toFixed(1) + ' d' };
const NAMED = { green: '#73bf69', yellow: '#f2cc0c', orange: '#ff780a', red: '#f2495c', blue: '#5794f2',
	purple: '#b877d9', gray: '#8e8e8e', 'dark-gray': '#555555', text: '#d8d9da' };

const colour = (name) => NAMED[(name || '').replace(/^(dark|light|semi-dark|super-light)-/, '')] || name || '#d8d9da';
const escape = (text) => String(text).replace(/[&<>]/g, (c) => '&#' + c.charCodeAt(0) + ';');
const format = (panel, value) => {
	const unit = panel.fieldConfig?.defaults?.unit;
	return UNITS[unit] ? UNITS[unit](value) : String(Math.round(value * 100) / 100);
};
const mapping = (panel, value) => (panel.fieldConfig?.defaults?.mappings || [])
	.map((m) => m.options?.[String(value)]).find((m) => m);

async function ask(panel) {
	const now = Date.now() / 1000, found = [];
	for (const target of panel.targets || []) {
		const query = target.expr.replaceAll('$host', '.*').replaceAll('$domain', '.*')
			.replaceAll('$__rate_interval', '20s');
		const url = base + '/api/v1/query_range?' + new URLSearchParams({ query, start: now - seconds, end: now,
			step: 1 });
		const answer = await (await fetch(url)).json();
		for (const series of answer.data.result)
			found.push({ refId: target.refId, metric: series.metric,
				name: (target.legendFormat || '').replace(/\{\{(\w+)\}\}/g, (_, l) => series.metric[l] || ''),
				values: series.values.map(([t, v]) => [(t - now + +seconds) / seconds, Number(v)]) });
	}
	return found;
}

const text = (x, y, what, more = '') =>
	`<text x="${x}" y="${y}" fill="#d8d9da" font-size="11" ${more}>${escape(what)}</text>`;
const last = (series) => series.values[series.values.length - 1]?.[1];

function drawLines(panel, data, w, h) {
	const most = Math.max(1e-9, ...data.flatMap((s) => s.values.map(([, v]) => v))) * 1.05;
	// As many columns of the legend as its longest name leaves room for.
	const left = 62, plotW = w - left - 8, wide = 24 + 7 * Math.max(1, ...data.map((s) => s.name.length));
	const columns = Math.max(1, Math.floor(plotW / wide)), top = 6;
	const plotH = h - 34 - 14 * Math.ceil(data.length / columns);
	let out = '';
	for (let i = 0; i <= 2; i++) {
		const y = top + plotH * (1 - i / 2);
		out += `<line x1="${left}" x2="${left + plotW}" y1="${y}" y2="${y}" stroke="#33363d"/>` +
			text(left - 6, y + 4, format(panel, most * i / 2), 'text-anchor="end"');
	}
	data.forEach((s, i) => {
		const points = s.values.map(([t, v]) => `${left + t * plotW},${top + plotH * (1 - v / most)}`).join(' ');
		const c = COLOURS[i % COLOURS.length], x = left + (i % columns) * wide,
			y = top + plotH + 18 + 14 * Math.floor(i / columns);
		out += `<polyline points="${points}" fill="none" stroke="${c}" stroke-width="1.5"/>` +
			`<rect x="${x}" y="${y - 6}" width="10" height="3" fill="${c}"/>` + text(x + 14, y, s.name);
	});
	return out;
}

function drawStates(panel, data, w, h) {
	const left = 80, plotW = w - left - 8, row = (h - 12) / Math.max(1, data.length);
	return data.map((s, i) => {
		const y = 4 + i * row;
		let out = text(left - 6, y + row / 2 + 4, s.name, 'text-anchor="end"');
		for (let k = 0; k < s.values.length;) {
			let n = k;
			while (n < s.values.length && s.values[n][1] === s.values[k][1])
				n++;
			const from = s.values[k][0], to = s.values[Math.min(n, s.values.length - 1)][0], m = mapping(panel, s.values[k][1]);
			out += `<rect x="${left + from * plotW}" y="${y + 1}" width="${Math.max(1, (to - from) * plotW)}" height="${row - 3}" ` +
				`fill="${colour(m?.color)}" fill-opacity="0.75"/>`;
			if ((to - from) * plotW > 50)
				out += text(left + from * plotW + 5, y + row / 2 + 4, m?.text ?? s.values[k][1], 'style="fill:#111"');
			k = n;
		}
		return out;
	}).join('');
}

function drawStat(panel, data, w, h) {
	const value = last(data[0] || { values: [] }), m = mapping(panel, value);
	const steps = panel.fieldConfig?.defaults?.thresholds?.steps || [];
	const step = steps.filter((s) => s.value === null || value >= s.value).pop();
	const fill = colour(m?.color || step?.color || 'green');
	let out = `<text x="${w / 2}" y="${h / 2 + 6}" fill="${fill}" font-size="24" text-anchor="middle">` +
		`${escape(value === undefined ? 'No data' : m?.text ?? format(panel, value))}</text>`;
	if (panel.type === 'gauge')
		out += `<rect x="20" y="${h - 40}" width="${w - 40}" height="12" fill="#33363d"/>` +
			`<rect x="20" y="${h - 40}" width="${(w - 40) * Math.min(1, value)}" height="12" fill="${fill}"/>`;
	return out;
}

function drawTable(panel, data, w) {
	const names = panel.transformations.find((t) => t.id === 'organize').options.renameByName;
	const columns = panel.targets.map((t) => t.refId), hosts = {};
	for (const s of data)
		(hosts[s.metric.ldomIndex] ??= { name: s.metric.ldomName })[s.refId] = last(s);
	const overrides = (title) => ({ fieldConfig: { defaults: Object.fromEntries((panel.fieldConfig.overrides
		.find((o) => o.matcher.options === title)?.properties || []).map((p) => [p.id, p.value])) } });
	const titles = ['Domain', 'Index', ...columns.map((c) => names['Value #' + c])], width = w / titles.length;
	let out = titles.map((t, k) => text(8 + k * width, 14, t, 'font-weight="bold"')).join('');
	Object.entries(hosts).forEach(([index, host], i) => {
		const shown = [host.name, index, ...columns.map((c) => {
			const own = overrides(names['Value #' + c]);
			return mapping(own, host[c])?.text ?? format(own, host[c] ?? NaN);
		})];
		out += shown.map((v, k) => text(8 + k * width, 36 + i * 20, v)).join('');
	});
	return out;
}

async function dashboard() {
	const definition = JSON.parse(fs.readFileSync(dashboardFile, 'utf8'));
	let out = '', bottom = 0;
	for (const panel of definition.panels) {
		const { x, y, w, h } = panel.gridPos, px = x * CELL_W, py = y * CELL_H, pw = w * CELL_W - 8, ph = h * CELL_H - 8;
		bottom = Math.max(bottom, py + ph + 8);
		if (panel.type === 'row') {
			out += `<g transform="translate(${px},${py})">${text(4, 22, '▾ ' + panel.title, 'style="font-size:14px"')}</g>`;
			continue;
		}
		const data = await ask(panel);
		const draw = { timeseries: drawLines, 'state-timeline': drawStates, stat: drawStat, gauge: drawStat,
			table: drawTable }[panel.type];
		out += `<g transform="translate(${px},${py})"><rect width="${pw}" height="${ph}" rx="2" fill="#181b1f" stroke="#2c3235"/>` +
			text(8, 17, panel.title, 'font-weight="bold" style="font-size:12px"') +
			`<g transform="translate(0,24)">${draw(panel, data, pw, ph - 24)}</g></g>`;
	}
	return { width: 24 * CELL_W, height: bottom,
		html: `<body style="margin:0;background:#111217"><svg xmlns="http://www.w3.org/2000/svg" width="${24 * CELL_W}" ` +
			`height="${bottom}" font-family="DejaVu Sans">${out}</svg></body>` };
}

(async () => {
	const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
	const page = await browser.newPage({ viewport: { width: 1000, height: 860 } });
	const graph = new URLSearchParams({ 'g0.expr': 'ldom:utilization:ratio{ldomName=~"web01|db01|app01|ldg1"}',
		'g0.tab': '0', 'g0.range_input': seconds + 's' });
	await page.goto(base + '/classic/graph?' + graph);
	await page.waitForLoadState('networkidle');
	await page.screenshot({ path: folder + '/prometheus-graph.png' });
	await page.goto(base + '/classic/alerts');
	await page.waitForLoadState('networkidle');
	// Those that fire, with their labels; the rules are a copy of docs/nms'.
	for (const row of await page.$$('.alert_header'))
		if (!(await row.innerText()).includes('(0 active)'))
			await row.click();
	await page.addStyleTag({ content: '.alert_details pre { display: none !important }' });
	await page.evaluate(() => {
		window.scrollTo(0, 0);
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (walker.nextNode())
			walker.currentNode.data = walker.currentNode.data.replace(/\S*\/rules\.yml/, 'prometheus-rules.yml');
	});
	await page.screenshot({ path: folder + '/prometheus-alerts.png' });
	const drawn = await dashboard();
	await page.setViewportSize({ width: drawn.width, height: drawn.height });
	await page.setContent(drawn.html);
	await page.screenshot({ path: folder + '/grafana-dashboard.png' });
	await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
