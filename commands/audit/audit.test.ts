// npm itself, against a registry of the test's own.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { judgeAudit } from './judge-audit.ts'

const url = 'https://advisories.example/1'
let registry: Server | undefined
afterEach(() => registry?.close())

const advisory = (severity: string): object => ({
  pg: [{ id: 1, url, title: 'says too much', severity, vulnerable_versions: '<99', cwe: [], cvss: { score: 0 } }],
})

/** `npm run audit` with a registry that answers in this way when it is asked for advisories. */
const audit = async (status: number, body: object): Promise<{ code: number; output: string }> => {
  registry = createServer((request, response) => {
    request.resume()
    const isAudit = request.url?.startsWith('/-/npm/v1/security/') === true
    response.writeHead(isAudit ? status : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isAudit ? body : {}))
  })
  await new Promise<void>(resolve => registry?.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`
  // npm remembers what an advisory's id stands for.
  const cache = await mkdtemp(join(tmpdir(), 'cairn-audit-'))
  onTestFinished(() => rm(cache, { recursive: true, force: true }))
  const settings = { npm_config_registry: address, npm_config_fetch_retries: '0', npm_config_cache: cache }
  const env = { ...process.env, ...settings }
  const command = join(import.meta.dirname, '..', 'audit.ts')
  return new Promise(resolve => {
    execFile(process.execPath, [command], { env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout })
    })
  })
}

describe('npm run audit', () => {
  it.each(['high', 'critical'])('fails on a finding that is %s, and names it', async severity => {
    const { code, output } = await audit(200, advisory(severity))
    expect([code, output]).toEqual([1, `npm audit: ${severity}: pg: says too much (${url})\n`])
  })

  it('passes when findings are smaller, or there are none', async () => {
    expect(await audit(200, advisory('moderate'))).toEqual({ code: 0, output: expect.stringContaining('no finding') })
  })

  it('says that a registry has no audit, and passes', async () => {
    const { code, output } = await audit(405, {})
    expect([code, output]).toEqual([0, expect.stringMatching(/this registry has no audit.*405/)])
  })

  it('fails when the registry has one and cannot be asked', async () => {
    const { code, output } = await audit(500, {})
    expect([code, output]).toEqual([1, expect.stringMatching(/could not be asked.*500/)])
  })
})

it('a finding with a reason why it does not apply passes, and both are printed', () => {
  const vulnerabilities = { pg: { via: [{ name: 'pg', title: 'says too much', url, severity: 'high' }] } }
  const { passes, lines } = judgeAudit(JSON.stringify({ vulnerabilities }), { [url]: 'never asked' })
  expect(passes).toBe(true)
  expect(lines).toEqual([`npm audit: high: pg: says too much (${url}); does not apply: never asked`])
})
