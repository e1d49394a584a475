CREATE TABLE "payments"."differences" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"key" text,
	"ours" jsonb,
	"theirs" jsonb,
	"found_at" text,
	"resolved_at" text,
	"because" text,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"due_at" timestamp with time zone NOT NULL
);--> statement-breakpoint
CREATE TABLE "payments"."reconciliation" (
	"provider" text PRIMARY KEY NOT NULL,
	"cursor" text NOT NULL,
	"compared" bigint NOT NULL,
	"up_to_date_at" text,
	"problem" text
);--> statement-breakpoint
ALTER TABLE "payments"."attempts" ADD COLUMN "reconciled_at" text;--> statement-breakpoint
CREATE INDEX "differences_open" ON "payments"."differences" USING btree ("due_at") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "differences_of_key" ON "payments"."differences" USING btree ("key");--> statement-breakpoint
CREATE INDEX "attempts_unreconciled" ON "payments"."attempts" USING btree ("recorded_at") WHERE reconciled_at is null and status in ('succeeded', 'declined');