// While services are replaced one by one, the janitor may meet an auth of the version before.
import { Bus, route, serve } from '@cairn/bus'
import { sweepIdleSessions, SweepPages } from '@cairn/contracts'
import { readEnvironment } from '@cairn/runtime'
import { captureLogs, startTestBus } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { jobVariables } from '../src/config.ts'
import { runOnce, type JobRun } from '../src/run-once.ts'

const { limit: _, ...properties } = SweepPages.properties
const sweepOfBefore = { ...sweepIdleSessions, request: { ...SweepPages, properties } }

it('walks through idle sessions with an auth that knows no limit of rows', async () => {
  const server = await startTestBus()
  const logs = captureLogs()
  const auth = await Bus.connect({ url: server.url, name: 'auth', logger: logs.loggerFor('auth') })
  const asked: number[] = []
  const sweep = route(sweepOfBefore, async ({ from_page: from, pages }) => {
    asked.push(from)
    return { rows: 3, next_page: asked.length === 1 ? from + pages : null }
  })
  serve(auth, { owner: 'auth', hashUser: String, handlerTimeoutMs: 5_000, routes: [sweep] })
  await auth.nats.flush()
  const runs: JobRun[] = []
  await runOnce(readEnvironment(jobVariables, {}), {
    natsUrl: server.url,
    logger: logs.loggerFor('janitor'),
    only: 'idle-sessions',
    dryRun: false,
    onRun: run => void runs.push(run),
  })
  await auth.drain(0)
  await server.stop()
  expect(asked).toEqual([0, 50])
  expect(runs).toEqual([{ report: expect.objectContaining({ rows: 6, complete: true }) }])
})
