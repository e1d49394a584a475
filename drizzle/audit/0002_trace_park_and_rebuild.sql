CREATE TABLE "audit"."rebuilds" (
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
ALTER TABLE "audit"."commands" ADD COLUMN "correlation" text;--> statement-breakpoint
ALTER TABLE "audit"."commands" ADD COLUMN "actor" jsonb;--> statement-breakpoint
ALTER TABLE "audit"."commands" ADD COLUMN "input" jsonb;--> statement-breakpoint
ALTER TABLE "audit"."jobs" ADD COLUMN "causation" text;--> statement-breakpoint
ALTER TABLE "audit"."parked" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "audit"."parked" ADD COLUMN "stack" text;--> statement-breakpoint
ALTER TABLE "audit"."sagas" ADD COLUMN "correlation" text;--> statement-breakpoint
ALTER TABLE "audit"."sagas" ADD COLUMN "deadline_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "commands_correlation" ON "audit"."commands" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "jobs_failed" ON "audit"."jobs" USING btree ("id") WHERE state = 'failed';--> statement-breakpoint
CREATE INDEX "jobs_correlation" ON "audit"."jobs" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "journal_correlation" ON "audit"."journal" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "journal_key" ON "audit"."journal" USING btree ("key");--> statement-breakpoint
CREATE INDEX "sagas_correlation" ON "audit"."sagas" USING btree ("correlation");--> statement-breakpoint
CREATE INDEX "sagas_parked" ON "audit"."sagas" USING btree ("id") WHERE state = 'parked';