// `npm run audit`: known vulnerabilities of what images are made of, high and critical ones, as the registry of packages knows them.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { explainedFindings } from './audit/explained-findings.ts'
import { judgeAudit } from './audit/judge-audit.ts'

const args = ['audit', '--omit=dev', '--json']
const { stdout, error } = spawnSync('npm', args, { cwd: join(import.meta.dirname, '..'), encoding: 'utf8' })
if (error) throw error
const { passes, lines } = judgeAudit(stdout, explainedFindings)
for (const line of lines) process.stdout.write(`${line}\n`)
process.exitCode = passes ? 0 : 1
process.channel?.unref()
