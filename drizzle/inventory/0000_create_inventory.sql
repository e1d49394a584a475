CREATE SCHEMA "inventory";--> statement-breakpoint
CREATE TABLE "inventory"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "inventory"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "inventory"."jobs" (
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
CREATE TABLE "inventory"."journal" (
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
CREATE TABLE "inventory"."journal_default" PARTITION OF "inventory"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "inventory"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "inventory"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "inventory"."receipts" (
	"reference" text PRIMARY KEY NOT NULL,
	"units" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL
);--> statement-breakpoint
CREATE TABLE "inventory"."reservation_lines" (
	"reservation_id" text NOT NULL,
	"sku" text NOT NULL,
	"quantity" bigint NOT NULL,
	CONSTRAINT "reservation_lines_reservation_id_sku_pk" PRIMARY KEY("reservation_id","sku"),
	CONSTRAINT "reservation_lines_quantity_positive" CHECK ("inventory"."reservation_lines"."quantity" > 0)
);--> statement-breakpoint
CREATE TABLE "inventory"."reservations" (
	"id" text PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"state" text NOT NULL,
	"reserved_at" timestamp(3) with time zone NOT NULL,
	"closed_at" timestamp(3) with time zone,
	CONSTRAINT "reservations_state" CHECK ("inventory"."reservations"."state" in ('open', 'committed', 'released')),
	CONSTRAINT "reservations_closed" CHECK (("inventory"."reservations"."state" = 'open') = ("inventory"."reservations"."closed_at" is null))
);--> statement-breakpoint
CREATE TABLE "inventory"."sagas" (
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
CREATE TABLE "inventory"."stock" (
	"sku" text PRIMARY KEY NOT NULL,
	"on_hand" bigint NOT NULL,
	"reserved" bigint NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "stock_reserved_within_on_hand" CHECK (0 <= "inventory"."stock"."reserved" and "inventory"."stock"."reserved" <= "inventory"."stock"."on_hand")
);--> statement-breakpoint
CREATE TABLE "inventory"."stock_ledger" (
	"kind" text NOT NULL,
	"reference" text NOT NULL,
	"sku" text NOT NULL,
	"delta" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "stock_ledger_kind_reference_sku_pk" PRIMARY KEY("kind","reference","sku"),
	CONSTRAINT "stock_ledger_kind" CHECK (("inventory"."stock_ledger"."kind" = 'receipt' and "inventory"."stock_ledger"."delta" > 0) or ("inventory"."stock_ledger"."kind" = 'commit' and "inventory"."stock_ledger"."delta" < 0))
);--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "inventory"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "inventory"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "inventory"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "inventory"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "parked_key" ON "inventory"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "reservations_reference" ON "inventory"."reservations" USING btree ("reference");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "inventory"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "inventory"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "inventory"."sagas" USING btree ("recorded_at");