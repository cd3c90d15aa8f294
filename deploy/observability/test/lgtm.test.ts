// What the all-in-one back end of `--profile observability` is given: links between traces and logs, and each figure once.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { counters, durations, gauges } from '@cairn/runtime'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

interface Datasource {
  readonly type: string
  readonly uid: string
  readonly jsonData?: {
    readonly tracesToLogsV2?: { readonly datasourceUid: string; readonly query: string }
    readonly derivedFields?: readonly { readonly matcherRegex: string; readonly datasourceUid: string }[]
  }
}

const root = join(import.meta.dirname, '..', '..', '..')
const read = (file: string): unknown => parse(readFileSync(join(root, file), 'utf8'), { merge: true })
const lgtm = 'deploy/observability/lgtm'
const readDatasources = (): readonly Datasource[] =>
  (read(`${lgtm}/datasources.yaml`) as { datasources: readonly Datasource[] }).datasources

describe('the all-in-one back end', () => {
  it('is given every file that is kept for it', () => {
    const { services } = read('compose.yaml') as { services: { lgtm: { volumes: readonly string[] } } }
    const mounts = services.lgtm.volumes.map(volume => volume.split(':'))
    for (const [file = ''] of mounts) expect(existsSync(join(root, file))).toBe(true)
    const targets = mounts.map(([, target]) => target)
    // The names that the image has them under: another one would stand beside the image's own.
    expect(targets).toContain('/otel-lgtm/grafana/conf/provisioning/datasources/grafana-datasources.yaml')
    expect(targets).toContain('/otel-lgtm/prometheus.yaml')
  })

  it('leads from a trace to its log lines in every service, and from a line to its trace', () => {
    const byType = Object.fromEntries(readDatasources().map(datasource => [datasource.type, datasource]))
    expect(byType['tempo']?.jsonData?.tracesToLogsV2).toMatchObject({
      datasourceUid: byType['loki']?.uid,
      query: '{service_name=~".+"} | trace_id="$${__trace.traceId}"',
    })
    expect(byType['loki']?.jsonData?.derivedFields).toMatchObject([
      { matcherRegex: 'trace_id', datasourceUid: byType['tempo']?.uid },
    ])
  })

  it('has two names for a metric that is both sent and read, so that no sum counts it twice', () => {
    const { otlp } = read(`${lgtm}/prometheus.yaml`) as { otlp: { translation_strategy?: string } }
    expect(otlp.translation_strategy).toBe('NoUTF8EscapingWithSuffixes')
    const names = Object.keys({ ...durations, ...counters, ...gauges })
    expect(names.filter(name => !name.includes('.'))).toEqual([])
  })
})
