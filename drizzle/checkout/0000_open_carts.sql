CREATE SCHEMA "checkout";--> statement-breakpoint
CREATE TABLE "checkout"."cart_lines" (
	"cart_id" text NOT NULL,
	"position" integer NOT NULL,
	"line_id" text NOT NULL,
	"sku" text NOT NULL,
	"quantity" bigint NOT NULL,
	"unit_price_minor" bigint,
	CONSTRAINT "cart_lines_cart_id_position_pk" PRIMARY KEY("cart_id","position"),
	CONSTRAINT "cart_lines_quantity" CHECK ("checkout"."cart_lines"."quantity" > 0),
	CONSTRAINT "cart_lines_price" CHECK ("checkout"."cart_lines"."unit_price_minor" >= 0)
);--> statement-breakpoint
CREATE TABLE "checkout"."carts" (
	"id" text PRIMARY KEY NOT NULL,
	"token" text NOT NULL,
	"state" text NOT NULL,
	"currency" text NOT NULL,
	"address" jsonb,
	"version" bigint NOT NULL,
	"line_count" integer NOT NULL,
	"last_position" integer NOT NULL,
	"completing_by" text,
	"order_id" text,
	"opened_at" text NOT NULL,
	CONSTRAINT "carts_state" CHECK ("checkout"."carts"."state" in ('open', 'completing', 'completed')),
	CONSTRAINT "carts_line_count" CHECK ("checkout"."carts"."line_count" between 0 and 1000),
	CONSTRAINT "carts_claim" CHECK (("checkout"."carts"."state" = 'open') = ("checkout"."carts"."completing_by" is null)),
	CONSTRAINT "carts_order" CHECK (("checkout"."carts"."state" = 'completed') = ("checkout"."carts"."order_id" is not null))
);--> statement-breakpoint
CREATE TABLE "checkout"."commands" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"input_hash" text NOT NULL,
	"state" text NOT NULL,
	"answer" jsonb,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "commands_caller_key_pk" PRIMARY KEY("caller","key")
);--> statement-breakpoint
CREATE TABLE "checkout"."cursors" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"moved_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "cursors_source_lane_pk" PRIMARY KEY("source","lane")
);--> statement-breakpoint
CREATE TABLE "checkout"."jobs" (
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
CREATE TABLE "checkout"."journal" (
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
CREATE TABLE "checkout"."journal_default" PARTITION OF "checkout"."journal" DEFAULT;--> statement-breakpoint
CREATE TABLE "checkout"."lanes" (
	"lane" smallint PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "checkout"."parked" (
	"source" text NOT NULL,
	"lane" smallint NOT NULL,
	"position" bigint NOT NULL,
	"key" text NOT NULL,
	"event" jsonb NOT NULL,
	"reason" text NOT NULL,
	"parked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "parked_source_lane_position_pk" PRIMARY KEY("source","lane","position")
);--> statement-breakpoint
CREATE TABLE "checkout"."sagas" (
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
ALTER TABLE "checkout"."cart_lines" ADD CONSTRAINT "cart_lines_cart_id_carts_id_fk" FOREIGN KEY ("cart_id") REFERENCES "checkout"."carts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commands_recorded_at" ON "checkout"."commands" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "jobs_waiting" ON "checkout"."jobs" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "journal_position" ON "checkout"."journal" USING btree ("lane","position");--> statement-breakpoint
CREATE INDEX "journal_unsequenced" ON "checkout"."journal" USING btree ("announced_at") WHERE position is null;--> statement-breakpoint
CREATE INDEX "parked_key" ON "checkout"."parked" USING btree ("source","key");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_key" ON "checkout"."sagas" USING btree ("caller","key") WHERE state <> 'undone';--> statement-breakpoint
CREATE INDEX "sagas_open" ON "checkout"."sagas" USING btree ("lease_until") WHERE state in ('running', 'undoing');--> statement-breakpoint
CREATE INDEX "sagas_recorded_at" ON "checkout"."sagas" USING btree ("recorded_at");