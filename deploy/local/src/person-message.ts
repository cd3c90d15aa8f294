// What a person sees of a failure: one message for what they can mend, the stack trace for a fault of ours.
import { LockUnusable } from '../bootstrap/process-lock.js'
import { LocalStackError } from './local-stack-error.ts'

/** What the file system says when the place is the trouble and not the code. */
const placeCodes: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR']

const isOfPlace = (error: unknown): error is Error & { readonly code: string; readonly path: string } =>
  error instanceof Error &&
  'path' in error &&
  typeof error.path === 'string' &&
  'code' in error &&
  placeCodes.includes(String(error.code))

/** Ends without a newline. */
export const personMessage = (error: unknown): string => {
  if (error instanceof LocalStackError || error instanceof LockUnusable) return error.message
  if (isOfPlace(error))
    return `${error.path} cannot be used (${error.code}); it has to be there, and to belong to this user`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
