// The shipped dashboard, as Grafana's own types want it. tests/nms/test_prometheus.py puts the JSON in
// the place of its name and has the TypeScript compiler read the result.
import { AnnotationQuery, Dashboard, Panel } from
	'@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';
import { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import { Options as Gauge } from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import { Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { Options as StateTimeline } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import { Options as Table } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';

// A JSON file has an enumeration's value as a plain string.
type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
	: T extends (infer E)[] ? Json<E>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

type PanelOf<K extends string, O> = Omit<Json<Panel>, 'type' | 'options'> & { type: K; options: Partial<Json<O>> };
type AnyPanel = PanelOf<'stat', Stat> | PanelOf<'gauge', Gauge> | PanelOf<'timeseries', TimeSeries>
	| PanelOf<'state-timeline', StateTimeline> | PanelOf<'table', Table>
	| { id: number; type: 'row'; title: string; collapsed: boolean; gridPos: object; panels: [] };

// What Prometheus' data source adds to an annotation.
type Annotation = Json<AnnotationQuery> & { expr: string; step: string; titleFormat: string; textFormat: string };

export const dashboard: Omit<Json<Dashboard>, 'panels' | 'annotations'>
	& { panels: AnyPanel[]; annotations: { list: Annotation[] } } = DASHBOARD;
