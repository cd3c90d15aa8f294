// `npm run test:compose`: brings the whole of compose.yaml up, on the Docker engine of this machine. Where images cannot be pulled,
// STAND_IN_IMAGES names a script that gets the images it is called with, and an engine, ready.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const baseImages = ['node:24-trixie-slim', 'gcr.io/distroless/nodejs24-debian13:nonroot']
const images = ['postgres:18', 'nats:2.12-alpine', 'redis:8', ...baseImages]

const run = (program: string, args: readonly string[], env = process.env): boolean =>
  spawnSync(program, args, { cwd: root, stdio: 'inherit', env }).status === 0

const standIns = process.env['STAND_IN_IMAGES'] ?? ''
const isThere = (image: string): boolean =>
  spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0

const provideImages = (): boolean =>
  standIns === ''
    ? images.every(image => isThere(image) || run('docker', ['pull', image]))
    : run('bash', [standIns, ...images])

if (provideImages()) {
  const env = { ...process.env, TEST_KIND: 'compose', ...(standIns !== '' && { BUILD_NETWORK: 'host' }) }
  process.exitCode = run(process.execPath, [join(import.meta.dirname, 'test.ts'), '.compose.'], env) ? 0 : 1
} else {
  process.stderr.write(
    standIns === ''
      ? 'the images of compose.yaml are not here and cannot be pulled: STAND_IN_IMAGES may name a script that provides them\n'
      : `${standIns} did not provide the images of compose.yaml\n`,
  )
  process.exitCode = 1
}
process.channel?.unref()
