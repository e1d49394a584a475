/** What the hall found when it followed its record of who did what, link by link. */
export type AuditVerdict = {
  entries: number
  /** The hash of the last entry: kept elsewhere, it proves later that nothing was cut off. */
  head: string
  intact: boolean
  /** The number of the first entry that is not what was written. */
  firstBroken: number | null
  /** How many facts were announced that are not in the record yet. */
  behind: number
}

export type AuditClient = { verify: () => Promise<AuditVerdict> }
