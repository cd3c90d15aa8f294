// The janitor put together: it owns nothing and only asks owners to clean up, a bounded number of rows at a time.
import { Bus, keepIncidents } from '@cairn/bus'
import { toCairnError } from '@cairn/contracts'
import {
  continueTrace,
  endRequestSpan,
  HealthState,
  newRequestId,
  runInRequest,
  startOpsServer,
  type Logger,
  type RequestContext,
  type RunningService,
} from '@cairn/runtime'
import { createAsking } from './asking.ts'
import type { JanitorConfig } from './config.ts'
import { createJobFigures, type JobFigures } from './job-figures.ts'
import { jobsOf, type ScheduledJob } from './jobs/index.ts'
import type { Asking } from './jobs/job.ts'
import { runJob } from './jobs/run-job.ts'
import { repeat } from './schedule.ts'

export interface RunningJanitor extends RunningService {
  readonly opsPort: number
}

const inRequestOfItsOwn = (work: (own: RequestContext) => Promise<void>): Promise<void> => {
  const own = { requestId: newRequestId(), trace: continueTrace() }
  return runInRequest(own, () => work(own))
}

interface Running {
  readonly asking: Asking
  readonly figures: JobFigures
  readonly config: JanitorConfig
  readonly signal: AbortSignal
}

/** One run, with its line in the log, its figures, and an incident when it fails. */
const runScheduled = (job: ScheduledJob, { asking, figures, config, signal }: Running): Promise<void> =>
  inRequestOfItsOwn(async own => {
    const { bus, logger } = asking
    const startedAt = performance.now()
    let outcome = 'ok'
    try {
      const { budgetMs } = job
      const report = await runJob(job, asking, { budgetMs, pauseMs: config.pauseMs, dryRun: false, signal })
      figures.finished(report)
      logger.info({ ...report }, 'job done')
    } catch (error) {
      const { code } = toCairnError(error)
      outcome = code
      const message = 'job failed; the next run goes on'
      bus.incidents.open({ code, route: `job ${job.name}`, error, message, about: { job: job.name } })
    }
    const error = outcome === 'ok' ? undefined : outcome
    endRequestSpan(logger.recorder, own, { name: `job ${job.name}`, kind: 'internal', startedAt, error })
    logger.metrics.observe('cairn.job.duration', performance.now() - startedAt, { job_name: job.name, outcome })
  })

export const startJanitor = async (config: JanitorConfig, logger: Logger): Promise<RunningJanitor> => {
  const { natsUrl: url, incidentsPerSecond } = config
  const bus = await Bus.connect({ url, name: 'janitor', logger, incidentsPerSecond })
  const incidents = keepIncidents(bus, config)
  const health = new HealthState({ bus: () => bus.connected })
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  const aborter = new AbortController()
  const jobs = jobsOf(config)
  const figures = createJobFigures(logger.metrics, jobs)
  const asking = createAsking(bus, config, figures.onTables)
  const context = { asking, figures, config, signal: aborter.signal }
  const { jitterPercent } = config
  const running = jobs.map(job => {
    const run = (): Promise<void> => runScheduled(job, context)
    return repeat({ everyMs: job.everyMs, jitterPercent, run, signal: aborter.signal })
  })
  logger.info({ ops_port: ops.port, jobs: jobs.map(job => job.name) }, 'janitor works')
  const stop = async (): Promise<void> => {
    health.drain()
    aborter.abort()
    await Promise.all(running)
    await incidents.stop()
    await bus.drain(config.drainWindowMs)
    await ops.close()
  }
  return { opsPort: ops.port, stop, crashed: incidents.crashed }
}
