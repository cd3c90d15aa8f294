// `npm run incident -- <incident_id> [--json|--html]`: what happened, from the id on a user's screen. `list [--user <id>]`: the latest.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bus, readIncidents, type IncidentReader } from '@cairn/bus'
import { withLocalStack } from '@cairn/local'
import { createLogger, readEnvironment, userHasher, variable, type ConfigOf } from '@cairn/runtime'
import { findIncident } from './incident/find-incident.ts'
import { listIncidents, renderList } from './incident/list-incidents.ts'
import { readOrder, type IncidentOrder } from './incident/options.ts'
import { renderHtml } from './incident/render-html.ts'
import { renderText } from './incident/render-text.ts'
import { findSimilar } from './incident/similar-incidents.ts'

const variables = {
  natsUrl: variable.natsUrl('NATS_URL', { description: 'the bus whose stream keeps the incidents' }),
  userHashKey: variable.secretKey('USER_HASH_KEY', {
    fallback: Buffer.alloc(0),
    description: 'for --user: the key that the services hash users with',
  }),
  traceUrl: variable.text('INCIDENT_TRACE_URL', {
    fallback: '',
    description: "a trace's address in your own backend, with {trace_id} in it",
  }),
} as const

type Settings = ConfigOf<typeof variables>

const connectWithinMs = 5_000

const say = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)

const show = async (reader: IncidentReader, order: IncidentOrder & { kind: 'show' }, settings: Settings) => {
  const { incidentId, format } = order
  const report = await findIncident(reader, incidentId)
  if (report === undefined) {
    const retentionMs = await reader.retentionMs()
    const kept =
      retentionMs === undefined ? 'no stream keeps any' : `they are kept for ${retentionMs / 86_400_000} days`
    throw new Error(`no incident ${incidentId}: unknown, or older than what is kept (${kept})`)
  }
  const similar = await findSimilar(reader, report)
  const traceUrl =
    settings.traceUrl === '' ? undefined : settings.traceUrl.replace('{trace_id}', report.request.trace_id ?? '')
  if (format === 'json') say([JSON.stringify({ ...report, similar, trace_url: traceUrl })])
  else if (format === 'html') {
    const file = `${incidentId}.html`
    writeFileSync(file, renderHtml(report, { similar, traceUrl }), { mode: 0o600 })
    say([`written to ${file}`])
  } else say(renderText(report, { similar, traceUrl }))
}

const list = async (reader: IncidentReader, order: IncidentOrder & { kind: 'list' }, { userHashKey }: Settings) => {
  const { most, userId, json } = order
  if (userId !== undefined && userHashKey.length === 0) throw new Error('--user needs USER_HASH_KEY')
  const userHash = userId === undefined ? undefined : userHasher(userHashKey)(userId)
  const incidents = await listIncidents(reader, { most, userHash })
  say(json ? [JSON.stringify(incidents)] : renderList(incidents))
}

const run = async (args: readonly string[]): Promise<void> => {
  const order = readOrder(args)
  const settings = readEnvironment(variables, withLocalStack(join(import.meta.dirname, '..'), process.env))
  const logger = createLogger({ service: 'incident', level: 'silent' })
  const bus = await Bus.connect({ url: settings.natsUrl, name: 'incident', logger, connectWithinMs })
  try {
    const reader = await readIncidents(bus)
    if (order.kind === 'show') await show(reader, order, settings)
    else await list(reader, order, settings)
  } finally {
    await bus.drain(0)
  }
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  // A bus that has not answered would keep the process alive.
  process.exit(1)
}
