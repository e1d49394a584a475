CREATE SCHEMA "orders";--> statement-breakpoint
CREATE TABLE "orders"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "orders"."counters" (
	"name" text PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "orders"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "orders"."jobs" (
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
CREATE TABLE "orders"."journal" (
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
CREATE TABLE "orders"."journal_default" PARTITION OF "orders"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "orders"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "orders"."order_lines" (
	"order_id" text NOT NULL,
	"position" integer NOT NULL,
	"line_id" text NOT NULL,
	"sku" text NOT NULL,
	"name" text NOT NULL,
	"quantity" bigint NOT NULL,
	"unit_price_minor" bigint NOT NULL,
	"gross_minor" bigint NOT NULL,
	"net_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	CONSTRAINT "order_lines_order_id_position_pk" PRIMARY KEY("order_id","position"),
	CONSTRAINT "order_lines_quantity" CHECK ("orders"."order_lines"."quantity" > 0),
	CONSTRAINT "order_lines_amounts" CHECK ("orders"."order_lines"."net_minor" >= 0 and "orders"."order_lines"."tax_minor" >= 0 and "orders"."order_lines"."gross_minor" = "orders"."order_lines"."net_minor" + "orders"."order_lines"."tax_minor")
);--> statement-breakpoint
CREATE TABLE "orders"."orders" (
	"id" text PRIMARY KEY NOT NULL,
	"number" bigint NOT NULL,
	"reference" text NOT NULL,
	"token" text NOT NULL,
	"state" text NOT NULL,
	"version" bigint NOT NULL,
	"currency" text NOT NULL,
	"country" text NOT NULL,
	"address" jsonb NOT NULL,
	"customer" text,
	"external_invoice" text,
	"ordered_at" text NOT NULL,
	"placed_at" text NOT NULL,
	"gross_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	"line_count" integer NOT NULL,
	CONSTRAINT "orders_number_unique" UNIQUE("number"),
	CONSTRAINT "orders_reference_unique" UNIQUE("reference"),
	CONSTRAINT "orders_external_invoice_unique" UNIQUE("external_invoice"),
	CONSTRAINT "orders_state" CHECK ("orders"."orders"."state" in ('placed', 'paid')),
	CONSTRAINT "orders_version" CHECK ("orders"."orders"."version" >= 1),
	CONSTRAINT "orders_amounts" CHECK ("orders"."orders"."tax_minor" between 0 and "orders"."orders"."gross_minor"),
	CONSTRAINT "orders_line_count" CHECK ("orders"."orders"."line_count" between 1 and 1000)
);--> statement-breakpoint
CREATE TABLE "orders"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "orders"."sagas" (
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
ALTER TABLE "orders"."order_lines" ADD CONSTRAINT "order_lines_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "orders"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "orders"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "orders"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "orders"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "orders"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "orders_customer" ON "orders"."orders" USING btree ("customer","number") WHERE customer is not null;--> statement-breakpoint
CREATE INDEX "parked_key" ON "orders"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "orders"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "orders"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "orders"."sagas" USING btree ("recorded_at");--> statement-breakpoint
-- The last order number given: the first order is 1001.
INSERT INTO "orders"."counters" ("name", "value") VALUES ('order_number', 1000);
