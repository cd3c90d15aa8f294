// What every `npm run` command starts with: installs what is missing, then runs commands/NAME.ts on Node 24 and passes signals and exit code on.
// Plain JavaScript without dependencies, for any Node >= 20. `node commands/bootstrap.js NAME [args…]`
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const starterPollMs = 500
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} line */
const say = line => process.stderr.write(`${line}\n`)

/**
 * @param {string} node
 * @param {string[]} args
 */
const run = (node, args) => {
  // The channel carries nothing: its end tells the command that this process is gone, even by SIGKILL.
  const child = spawn(node, args, { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', error => {
    say(`${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]))
  return child
}

const main = async () => {
  const [name = '', ...args] = process.argv.slice(2)
  const script = join(root, 'commands', `${name}.ts`)
  if (!/^[\w-]+$/.test(name) || !existsSync(script)) {
    const known = readdirSync(join(root, 'commands')).filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    say(`unknown command "${name}"; there are: ${known.map(file => file.slice(0, -3)).join(', ')}`)
    process.exit(1)
  }
  // Not imported at the top: an older Node might not even read those files.
  const { ensureInstalled, findNode } = await import('../deploy/local/bootstrap/install.js')
  const { identifyStarters, isAlive } = await import('../deploy/local/bootstrap/process-identity.js')
  const starters = process.env['npm_lifecycle_event'] === undefined ? [] : identifyStarters()
  await ensureInstalled(root, say)
  const child = run(findNode(root), [script, ...args])
  setInterval(() => {
    if (!starters.every(isAlive)) child.kill('SIGTERM')
  }, starterPollMs).unref()
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  say(`Cairn's commands need Node 20 or newer to begin with; this is ${process.version}`)
  process.exit(1)
}
main().catch(error => {
  say(error.exitCode === undefined ? error.stack : error.message)
  process.exit(error.exitCode ?? 1)
})
