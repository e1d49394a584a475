CREATE TABLE "inventory"."hold_lines" (
	"reference" text NOT NULL,
	"sku" text NOT NULL,
	"location" text NOT NULL,
	"quantity" bigint NOT NULL,
	CONSTRAINT "hold_lines_reference_sku_location_pk" PRIMARY KEY("reference","sku","location"),
	CONSTRAINT "hold_lines_quantity_positive" CHECK ("inventory"."hold_lines"."quantity" > 0)
);--> statement-breakpoint
CREATE TABLE "inventory"."holds" (
	"reference" text PRIMARY KEY NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL
);--> statement-breakpoint
CREATE TABLE "inventory"."locations" (
	"code" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"priority" integer NOT NULL
);--> statement-breakpoint
ALTER TABLE "inventory"."stock" DROP CONSTRAINT "stock_reserved_within_on_hand";--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" DROP CONSTRAINT "reservation_lines_reservation_id_sku_pk";--> statement-breakpoint
ALTER TABLE "inventory"."stock_ledger" DROP CONSTRAINT "stock_ledger_kind_reference_sku_pk";--> statement-breakpoint
ALTER TABLE "inventory"."stock" DROP CONSTRAINT "stock_pkey";--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" ADD COLUMN "location" text DEFAULT 'main' NOT NULL;--> statement-breakpoint
ALTER TABLE "inventory"."stock" ADD COLUMN "location" text DEFAULT 'main' NOT NULL;--> statement-breakpoint
ALTER TABLE "inventory"."stock" ADD COLUMN "held" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "inventory"."stock_ledger" ADD COLUMN "location" text DEFAULT 'main' NOT NULL;--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" ADD CONSTRAINT "reservation_lines_reservation_id_sku_location_pk" PRIMARY KEY("reservation_id","sku","location");--> statement-breakpoint
ALTER TABLE "inventory"."stock" ADD CONSTRAINT "stock_sku_location_pk" PRIMARY KEY("sku","location");--> statement-breakpoint
ALTER TABLE "inventory"."stock_ledger" ADD CONSTRAINT "stock_ledger_kind_reference_sku_location_pk" PRIMARY KEY("kind","reference","sku","location");--> statement-breakpoint
CREATE INDEX "hold_lines_sku" ON "inventory"."hold_lines" USING btree ("sku");--> statement-breakpoint
CREATE INDEX "holds_expires_at" ON "inventory"."holds" USING btree ("expires_at");--> statement-breakpoint
-- By hand: what was received until now lies at the one location that there was.
INSERT INTO "inventory"."locations" ("code", "name", "priority") VALUES ('main', 'Main', 0);--> statement-breakpoint
ALTER TABLE "inventory"."stock" ADD CONSTRAINT "stock_location_locations_code_fk" FOREIGN KEY ("location") REFERENCES "inventory"."locations"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."stock" ADD CONSTRAINT "stock_promised_within_on_hand" CHECK (0 <= "inventory"."stock"."reserved" and 0 <= "inventory"."stock"."held" and "inventory"."stock"."reserved" + "inventory"."stock"."held" <= "inventory"."stock"."on_hand");
