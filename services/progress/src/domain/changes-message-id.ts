// The id of the message that tells of a committed range of a log: the same however often it is published.
import type { Head } from '@cairn/contracts'

/** `head` as it was after that range. */
export const changesMessageId = (userId: string, { epoch, seq }: Head): string => `${userId}:${epoch}:${seq}`
