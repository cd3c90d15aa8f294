// A server in a Docker container of our own name, reachable on the loopback interface only. The process we watch is Docker's client.
import { randomBytes } from 'node:crypto'
import type { LaunchSpec } from '../processes/launch.ts'
import type { StopStep } from '../processes/stop-process.ts'
import type { FoundProgram } from './programs.ts'

interface ContainerPlan {
  readonly port: number
  readonly portInContainer: number
  /** `source:target[:ro]`, as for `docker run --volume`. */
  readonly mounts: readonly string[]
  readonly command: readonly string[]
  readonly stop: readonly StopStep[]
}

/** Docker's client passes SIGTERM on to the server. Files belong to us, hence the server runs as our user. */
export const launchContainer = (
  { docker, image }: Extract<FoundProgram, { kind: 'docker' }>,
  { port, portInContainer, mounts, command, stop }: ContainerPlan,
): Omit<LaunchSpec, 'name' | 'group' | 'output'> => {
  const name = `cairn-${randomBytes(6).toString('hex')}`
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const options = ['--rm', '--name', name, '--user', user, '--publish', `127.0.0.1:${port}:${portInContainer}`]
  return {
    command: docker,
    args: ['run', ...options, ...mounts.flatMap(mount => ['--volume', mount]), image, ...command],
    env: Object.fromEntries(
      Object.entries(process.env).flatMap(([variable, value]) => (value === undefined ? [] : [[variable, value]])),
    ),
    directory: '/',
    stop,
    container: { docker, name },
  }
}
