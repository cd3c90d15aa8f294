// How a process begins with OpenTelemetry: each case is a process, since what was loaded before cannot be taken back.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertInEffect } from '../src/assert-in-effect.ts'
import { isConfigured } from '../src/is-configured.ts'

const run = (environment: Record<string, string>): Promise<{ code: number; out: string }> =>
  new Promise(resolve => {
    const env = { PATH: process.env['PATH'] ?? '', ...environment }
    const command = [join(import.meta.dirname, 'fixtures', 'process.ts')]
    execFile(process.execPath, command, { env, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: stdout + stderr }),
    )
  })
const configured = { OTEL_TRACES_EXPORTER: 'console', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }

describe('a start with OpenTelemetry', () => {
  it('fails, naming the package, when calls of it would not be traced', async () => {
    await expect(assertInEffect(['undici'])).rejects.toThrow('calls of undici would not be traced')
    await expect(assertInEffect(['pg'])).rejects.toThrow('calls of pg would not be traced')
    await expect(assertInEffect(['ioredis'])).rejects.toThrow('calls of ioredis would not be traced')
  })

  it('traces', async () => {
    const { code, out } = await run(configured)
    expect(out).toContain('started')
    expect(code).toBe(0)
    expect(out).toContain("name: 'work'")
  })

  it('loads nothing of the SDK when nothing is configured', async () => {
    expect(await run({})).toMatchObject({ code: 0, out: 'started\nsdk loaded: false\n' })
  })
})

describe('whether an export is configured', () => {
  it.each([
    [{}, false],
    [{ OTEL_SERVICE_NAME: 'x' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }, false],
  ])('%j: %j', (environment, expected) => {
    expect(isConfigured(environment)).toBe(expected)
  })
})
