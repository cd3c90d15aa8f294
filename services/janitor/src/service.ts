// The janitor put together: it owns nothing and only asks owners to clean up, a bounded number of rows at a time.
import { Bus, keepIncidents, runJob } from '@cairn/bus'
import { HealthState, startOpsServer, type Logger, type RunningService } from '@cairn/runtime'
import { createAsking } from './asking.ts'
import type { JanitorConfig } from './config.ts'
import { createJobFigures, type JobFigures } from './job-figures.ts'
import { jobsOf, type ScheduledJob } from './jobs/index.ts'
import type { Asking } from './jobs/job.ts'
import { runBatches, type JobReport } from './jobs/run-batches.ts'
import { repeat } from './schedule.ts'

export interface RunningJanitor extends RunningService {
  readonly opsPort: number
}

interface Running {
  readonly asking: Asking
  readonly figures: JobFigures
  readonly config: JanitorConfig
  readonly signal: AbortSignal
}

/** One run, with its line in the log and its figures. */
const runScheduled = async (job: ScheduledJob, { asking, figures, config, signal }: Running): Promise<void> => {
  const { bus, logger } = asking
  const { pauseMs } = config
  let report: JobReport | undefined
  const about = (): object => ({ ...report })
  await runJob(bus, { name: job.name, failure: 'job failed; the next run goes on', about }, async () => {
    const run = await runBatches(job, asking, { budgetMs: job.budgetMs, pauseMs, dryRun: false, signal })
    report = run.report
    figures.finished(run)
    if (run.failure !== undefined) throw run.failure
    logger.info({ ...report }, 'job done')
  })
}

export const startJanitor = async (config: JanitorConfig, logger: Logger): Promise<RunningJanitor> => {
  const { natsUrl: url, incidentsPerSecond } = config
  let connected: Bus | undefined
  const health = new HealthState({ bus: () => connected?.connected === true })
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  const bus = (connected = await Bus.connect({ url, name: 'janitor', logger, incidentsPerSecond }))
  const incidents = keepIncidents(bus, config)
  const aborter = new AbortController()
  const jobs = jobsOf(config)
  const figures = createJobFigures(logger.metrics, jobs)
  const asking = createAsking(bus, config, figures.onTables)
  const context = { asking, figures, config, signal: aborter.signal }
  const { jitterPercent, firstRunAfterMs } = config
  const running = jobs.map(job => {
    const run = (): Promise<void> => runScheduled(job, context)
    return repeat({ everyMs: job.everyMs, firstRunAfterMs, jitterPercent, run, signal: aborter.signal })
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
