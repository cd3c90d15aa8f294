// `npm run test:kubernetes`: renders the overlay of deploy/kubernetes and checks it. Needs kubectl (1.27 or later) or kustomize (5 or later).
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const works = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0

const findKustomize = (): string | undefined => {
  if (works('kustomize', 'version')) return 'kustomize build'
  return works('kubectl', 'kustomize', '--help') ? 'kubectl kustomize' : undefined
}

const kustomize = findKustomize()
if (kustomize === undefined) {
  process.stderr.write(
    'neither kustomize nor kubectl is here: install one of them, https://kubernetes.io/docs/tasks/tools/\n',
  )
  process.exitCode = 1
} else {
  const env = { ...process.env, TEST_KIND: 'kubernetes', KUSTOMIZE: kustomize }
  const args = [join(import.meta.dirname, 'test.ts'), '.kubernetes.']
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1
}
process.channel?.unref()
