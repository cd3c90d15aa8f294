// What every `npm run` command starts with: installs what is missing, then runs commands/NAME.ts on Node 24 and passes signals and exit code on.
// Plain JavaScript without dependencies, for any Node >= 20. `node commands/bootstrap.js NAME [args…]`
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const parentPollMs = 500
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} line */
const say = line => process.stderr.write(`${line}\n`)

/**
 * @param {string} node
 * @param {string} script
 * @param {string[]} args
 */
const run = (node, script, args) => {
  // The channel carries nothing: its end tells the command that this process is gone, even by SIGKILL.
  const child = spawn(node, [script, ...args], { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM')
    }, parentPollMs).unref()
  }
  child.on('error', error => {
    say(`${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]))
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
  await ensureInstalled(root, say)
  run(findNode(root), script, args)
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  say(`Cairn's commands need Node 20 or newer to begin with; this is ${process.version}`)
  process.exit(1)
}
main().catch(error => {
  say(error.exitCode === undefined ? error.stack : error.message)
  process.exit(error.exitCode ?? 1)
})
