import { describe, expect, it } from 'vitest'
import { HealthState } from './health.ts'
import { newIncidentId, newRequestId } from './ids.ts'
import { startOpsServer } from './ops-server.ts'

describe('the ops port', () => {
  it('answers healthz always and readyz by its checks, until it drains', async () => {
    let connected = false
    const health = new HealthState({ bus: () => connected })
    const ops = await startOpsServer({ port: 0, host: '127.0.0.1' }, health)
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${ops.port}${path}`)
      return { status: response.status, body: await response.json() }
    }
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: { ready: false, draining: false, checks: { bus: false }, dependencies: {} },
    })
    connected = true
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { ready: true } })
    health.drain()
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { ready: false, draining: true } })
    expect(await ask('/healthz')).toMatchObject({ status: 200 })
    expect(await ask('/nowhere')).toMatchObject({ status: 404 })
    await ops.close()
  })

  it('says why it cannot listen', async () => {
    const health = new HealthState({})
    const ops = await startOpsServer({ port: 0, host: '127.0.0.1' }, health)
    await expect(startOpsServer({ port: ops.port, host: '127.0.0.1' }, health)).rejects.toThrow(/EADDRINUSE/)
    await ops.close()
  })
})

describe('ids', () => {
  it('have their shapes and do not repeat', () => {
    const ids = Array.from({ length: 100 }, newRequestId)
    expect(new Set(ids).size).toBe(100)
    expect(ids.every(id => /^[A-Za-z0-9_-]{22}$/.test(id))).toBe(true)
    expect(newIncidentId()).toMatch(/^inc_[0-9A-HJKMNP-TV-Z]{26}$/)
  })
})
