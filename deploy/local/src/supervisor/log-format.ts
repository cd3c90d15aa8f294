// How the services' log lines look to the developer: as they are for a pipe, coloured and short for a terminal.
import { prettyFactory } from 'pino-pretty'

export const logFormatter = (isTerminal: boolean): ((line: string) => string) => {
  if (!isTerminal) return line => `${line}\n`
  const format = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service',
    // The names that createLogger of @cairn/runtime gives them.
    messageKey: 'message',
    errorLikeObjectKeys: ['error'],
    messageFormat: '{service}: {message}',
    singleLine: true,
  })
  return line => format(line)
}
