CREATE SCHEMA "fulfilment";--> statement-breakpoint
CREATE TABLE "fulfilment"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "fulfilment"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "fulfilment"."jobs" (
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
CREATE TABLE "fulfilment"."journal" (
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
CREATE TABLE "fulfilment"."journal_default" PARTITION OF "fulfilment"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "fulfilment"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "fulfilment"."methods" (
	"country" text NOT NULL,
	"code" text NOT NULL,
	"currency" text NOT NULL,
	"name" text NOT NULL,
	"price_minor" bigint NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "methods_country_code_currency_pk" PRIMARY KEY("country","code","currency"),
	CONSTRAINT "methods_price" CHECK ("fulfilment"."methods"."price_minor" >= 0)
);--> statement-breakpoint
CREATE TABLE "fulfilment"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "fulfilment"."sagas" (
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
CREATE TABLE "fulfilment"."shipments" (
	"id" text PRIMARY KEY NOT NULL,
	"order_id" text NOT NULL,
	"order_number" bigint NOT NULL,
	"reference" text NOT NULL,
	"state" text NOT NULL,
	"version" bigint NOT NULL,
	"address" jsonb NOT NULL,
	"method" text,
	"lines" jsonb NOT NULL,
	"carrier" text,
	"tracking_number" text,
	"ordered_at" text NOT NULL,
	"shipped_at" text,
	CONSTRAINT "shipments_order_id_unique" UNIQUE("order_id"),
	CONSTRAINT "shipments_order_number_unique" UNIQUE("order_number"),
	CONSTRAINT "shipments_state" CHECK ("fulfilment"."shipments"."state" in ('waiting', 'shipped', 'cancelled')),
	CONSTRAINT "shipments_shipped" CHECK (("fulfilment"."shipments"."state" = 'shipped') = ("fulfilment"."shipments"."shipped_at" is not null))
);--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "fulfilment"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "fulfilment"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "fulfilment"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "fulfilment"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "parked_key" ON "fulfilment"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "fulfilment"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "fulfilment"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "fulfilment"."sagas" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "shipments_in_state" ON "fulfilment"."shipments" USING btree ("state","order_number");