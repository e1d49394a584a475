import { expect, test } from 'vitest'
import { partitionJournals } from '../scripts/generate.ts'

test('a new journal is partitioned and has a default partition, and nothing else changes', () => {
  const generated = `CREATE SCHEMA "orders";
--> statement-breakpoint
CREATE TABLE "orders"."journal" (
	"id" text NOT NULL,
	"month" date NOT NULL,
	CONSTRAINT "journal_id_month_pk" PRIMARY KEY("id","month")
);
--> statement-breakpoint
CREATE TABLE "orders"."orders" (
	"id" text PRIMARY KEY NOT NULL
);
`
  expect(partitionJournals(generated)).toBe(`CREATE SCHEMA "orders";--> statement-breakpoint
CREATE TABLE "orders"."journal" (
	"id" text NOT NULL,
	"month" date NOT NULL,
	CONSTRAINT "journal_id_month_pk" PRIMARY KEY("id","month")
) PARTITION BY RANGE ("month");--> statement-breakpoint
CREATE TABLE "orders"."journal_default" PARTITION OF "orders"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "orders"."orders" (
	"id" text PRIMARY KEY NOT NULL
);
`)
})
