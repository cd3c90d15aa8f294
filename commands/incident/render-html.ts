// A report as one page that needs nothing else: to be attached to a ticket. Everything in it is text that was escaped.
import type { IncidentReport, TimelineEntry, WaterfallBar } from './incident-report.ts'
import { renderText, type ReportContext } from './render-text.ts'

const rowHeight = 22
const chartWidth = 960
const labelWidth = 380

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, character => entities[character] ?? '')

const barSvg = (bar: WaterfallBar, row: number, scale: number): string => {
  const y = row * rowHeight
  const x = labelWidth + bar.offsetMs * scale
  const width = Math.max(2, bar.ms * scale)
  const label = `${bar.service}: ${bar.name}`
  const about = `${label}, ${bar.ms.toFixed(2)} ms${bar.error === undefined ? '' : `, ${bar.error}`}`
  return `<g><title>${escape(about)}</title>
<text x="${bar.depth * 12}" y="${y + 15}">${escape(label.slice(0, 60 - bar.depth * 2))}</text>
<rect x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${rowHeight - 8}" class="${bar.error === undefined ? 'fine' : 'failed'}"/></g>`
}

const waterfallSvg = (waterfall: readonly WaterfallBar[]): string => {
  const end = waterfall.reduce((most, bar) => Math.max(most, bar.offsetMs + bar.ms), 1)
  const scale = (chartWidth - labelWidth) / end
  const bars = waterfall.map((bar, row) => barSvg(bar, row, scale)).join('\n')
  return `<svg width="${chartWidth}" height="${waterfall.length * rowHeight}" role="img" aria-label="waterfall">${bars}</svg>`
}

const timelineRow = ({ offsetMs, service, level, message, fields }: TimelineEntry): string => {
  const more = Object.keys(fields).length === 0 ? '' : JSON.stringify(fields, undefined, 1)
  const cells = [`+${offsetMs.toFixed(0)}`, service, level, message].map(cell => `<td>${escape(cell)}</td>`).join('')
  return `<tr class="${escape(level)}">${cells}<td><pre>${escape(more)}</pre></td></tr>`
}

const style = `body{font:14px/1.4 system-ui,sans-serif;margin:2rem;color:#222}pre{margin:0;white-space:pre-wrap}
table{border-collapse:collapse;width:100%}td{border-top:1px solid #ddd;padding:2px 8px;vertical-align:top}
.error td,.fatal td{background:#fde8e8}svg{font:12px system-ui,sans-serif}.fine{fill:#4a7}.failed{fill:#c33}
.cause{background:#fde8e8;padding:1rem}`

export const renderHtml = (report: IncidentReport, context: ReportContext): string => {
  const lines = renderText(report, context)
  const head = lines.slice(1, lines.indexOf('waterfall')).join('\n').trim()
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(report.incident_id)}</title><style>${style}</style>
<h1>${escape(report.incident_id)}</h1>
<p>${escape(report.code)} at ${escape(report.opened_at)}</p>
<pre class="cause">${escape(head)}</pre>
<h2>Waterfall</h2>
${waterfallSvg(report.waterfall)}
<h2>Time line</h2>
<table>${report.timeline.map(timelineRow).join('\n')}</table>
</html>
`
}
