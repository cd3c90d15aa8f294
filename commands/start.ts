// `npm start`: the whole stack on this machine until Ctrl-C. `-- --fresh` forgets the data of the last one.
import { dirname } from 'node:path'
import { start } from '@cairn/local'

process.exit(await start({ root: dirname(import.meta.dirname), args: process.argv.slice(2) }))
