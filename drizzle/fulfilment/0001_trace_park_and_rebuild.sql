CREATE TABLE "fulfilment"."rebuilds" (
	"id" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"is_dry_run" boolean NOT NULL,
	"actor" jsonb NOT NULL,
	"correlation" text NOT NULL,
	"applied" bigint DEFAULT 0 NOT NULL,
	"total" bigint DEFAULT 0 NOT NULL,
	"differences" jsonb,
	"failure" text,
	"enqueued_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"ended_at" timestamp with time zone
);--> statement-breakpoint
ALTER TABLE "fulfilment"."commands" ADD COLUMN "correlation" text;--> statement-breakpoint
ALTER TABLE "fulfilment"."commands" ADD COLUMN "actor" jsonb;--> statement-breakpoint
ALTER TABLE "fulfilment"."commands" ADD COLUMN "input" jsonb;--> statement-breakpoint
ALTER TABLE "fulfilment"."jobs" ADD COLUMN "causation" text;--> statement-breakpoint
ALTER TABLE "fulfilment"."parked" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "fulfilment"."parked" ADD COLUMN "stack" text;--> statement-breakpoint
ALTER TABLE "fulfilment"."sagas" ADD COLUMN "correlation" text;--> statement-breakpoint
ALTER TABLE "fulfilment"."sagas" ADD COLUMN "deadline_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "commands_correlation" ON "fulfilment"."commands" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "jobs_failed" ON "fulfilment"."jobs" USING btree ("id") WHERE state = 'failed';--> statement-breakpoint
CREATE INDEX "jobs_correlation" ON "fulfilment"."jobs" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "journal_correlation" ON "fulfilment"."journal" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "journal_key" ON "fulfilment"."journal" USING btree ("key");--> statement-breakpoint
CREATE INDEX "sagas_correlation" ON "fulfilment"."sagas" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "sagas_parked" ON "fulfilment"."sagas" USING btree ("id") WHERE state = 'parked';