CREATE SCHEMA "audit";--> statement-breakpoint
CREATE TABLE "audit"."chain" (
	"name" text PRIMARY KEY NOT NULL,
	"number" bigint NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "chain_number" CHECK (number >= 0)
);--> statement-breakpoint
CREATE TABLE "audit"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "audit"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "audit"."jobs" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"payload" jsonb NOT NULL,
	"actor" jsonb NOT NULL,
	"correlation" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"due_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"enqueued_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"ended_at" timestamp with time zone
);--> statement-breakpoint
CREATE TABLE "audit"."journal" (
	"id" text NOT NULL,
	"month" date DEFAULT date_trunc('month', now()) NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"version" bigint NOT NULL,
	"fact" jsonb NOT NULL,
	"correlation" text NOT NULL,
	"causation" text,
	"actor" jsonb NOT NULL,
	"announced_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"lane" smallint,
	"position" bigint,
	CONSTRAINT "journal_id_month_pk" PRIMARY KEY("id","month")
) PARTITION BY RANGE ("month");--> statement-breakpoint
CREATE TABLE "audit"."journal_default" PARTITION OF "audit"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "audit"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "audit"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "audit"."records" (
	"number" bigint PRIMARY KEY NOT NULL,
	"event_id" text NOT NULL,
	"source" text NOT NULL,
	"operation" text NOT NULL,
	"actor" jsonb NOT NULL,
	"request_id" text NOT NULL,
	"input_hash" text NOT NULL,
	"at" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "records_event_id" UNIQUE("event_id"),
	CONSTRAINT "records_number" CHECK (number > 0)
);--> statement-breakpoint
CREATE TABLE "audit"."sagas" (
	"id" text PRIMARY KEY NOT NULL,
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input" jsonb NOT NULL,
	"input_hash" text NOT NULL,
	"actor" jsonb NOT NULL,
	"request_id" text NOT NULL,
	"state" text NOT NULL,
	"pivoted" boolean DEFAULT false NOT NULL,
	"results" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"undone" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"answer" jsonb,
	"failure" jsonb,
	"lease_token" text,
	"lease_until" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "audit"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "audit"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "audit"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "audit"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "parked_key" ON "audit"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "audit"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "audit"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "audit"."sagas" USING btree ("recorded_at");