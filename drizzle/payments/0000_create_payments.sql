CREATE SCHEMA "payments";--> statement-breakpoint
CREATE TABLE "payments"."attempts" (
	"id" text PRIMARY KEY NOT NULL,
	"payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"source" text,
	"authorisation" text,
	"status" text,
	"provider_id" text,
	"decline_reason" text,
	"opened_at" text NOT NULL,
	"resolved_at" text,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"due_at" timestamp with time zone DEFAULT clock_timestamp() + interval '30 seconds' NOT NULL,
	CONSTRAINT "attempts_kind" CHECK ("payments"."attempts"."kind" in ('authorise', 'capture', 'void')),
	CONSTRAINT "attempts_status" CHECK ("payments"."attempts"."status" in ('succeeded', 'declined', 'refused')),
	CONSTRAINT "attempts_resolved" CHECK (("payments"."attempts"."status" is null) = ("payments"."attempts"."resolved_at" is null))
);--> statement-breakpoint
CREATE TABLE "payments"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "payments"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "payments"."jobs" (
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
CREATE TABLE "payments"."journal" (
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
CREATE TABLE "payments"."journal_default" PARTITION OF "payments"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "payments"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "payments"."ledger" (
	"attempt_id" text NOT NULL,
	"account" text NOT NULL,
	"payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" text NOT NULL,
	"day" date NOT NULL,
	CONSTRAINT "ledger_attempt_id_account_pk" PRIMARY KEY("attempt_id","account"),
	CONSTRAINT "ledger_account" CHECK ("payments"."ledger"."account" in ('provider_hold', 'customer_promise', 'provider_receivable', 'sales')),
	CONSTRAINT "ledger_amount" CHECK ("payments"."ledger"."amount_minor" <> 0)
);--> statement-breakpoint
CREATE TABLE "payments"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "payments"."payments" (
	"id" text PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"state" text NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"authorised_minor" bigint DEFAULT 0 NOT NULL,
	"captured_minor" bigint DEFAULT 0 NOT NULL,
	"voided_minor" bigint DEFAULT 0 NOT NULL,
	"provider_id" text,
	"created_at" text NOT NULL,
	CONSTRAINT "payments_reference" UNIQUE("reference"),
	CONSTRAINT "payments_state" CHECK ("payments"."payments"."state" in ('authorising', 'authorised', 'declined', 'capturing', 'captured', 'voiding', 'voided')),
	CONSTRAINT "payments_amount" CHECK ("payments"."payments"."amount_minor" >= 0),
	CONSTRAINT "payments_authorised" CHECK ("payments"."payments"."authorised_minor" between 0 and "payments"."payments"."amount_minor"),
	CONSTRAINT "payments_captured" CHECK ("payments"."payments"."captured_minor" >= 0 and "payments"."payments"."voided_minor" >= 0),
	CONSTRAINT "payments_taken" CHECK ("payments"."payments"."captured_minor" + "payments"."payments"."voided_minor" <= "payments"."payments"."authorised_minor")
);--> statement-breakpoint
CREATE TABLE "payments"."sagas" (
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
CREATE TABLE "payments"."webhook_events" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"attempt_id" text NOT NULL,
	"received_at" text NOT NULL
);--> statement-breakpoint
ALTER TABLE "payments"."attempts" ADD CONSTRAINT "attempts_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "payments"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments"."ledger" ADD CONSTRAINT "ledger_attempt_id_attempts_id_fk" FOREIGN KEY ("attempt_id") REFERENCES "payments"."attempts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "attempts_of_payment" ON "payments"."attempts" USING btree ("payment_id","kind");--> statement-breakpoint
CREATE INDEX "attempts_unresolved" ON "payments"."attempts" USING btree ("due_at") WHERE status is null;--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "payments"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "payments"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "payments"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "payments"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "ledger_of_payment" ON "payments"."ledger" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "parked_key" ON "payments"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "payments"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "payments"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "payments"."sagas" USING btree ("recorded_at");