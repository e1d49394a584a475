ALTER TABLE "checkout"."carts" DROP CONSTRAINT "carts_state";--> statement-breakpoint
ALTER TABLE "checkout"."carts" DROP CONSTRAINT "carts_claim";--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "token_before" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "customer" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "shipping_method" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "shipping_country" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "hold_reference" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "held_until" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "merged_into" text;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD COLUMN "changed_at" text DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_merged_into_carts_id_fk" FOREIGN KEY ("merged_into") REFERENCES "checkout"."carts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "carts_customer" ON "checkout"."carts" USING btree ("customer") WHERE state = 'open' and customer is not null;--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_merged" CHECK (("checkout"."carts"."state" = 'merged') = ("checkout"."carts"."merged_into" is not null));--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_shipping" CHECK (("checkout"."carts"."shipping_method" is null) = ("checkout"."carts"."shipping_country" is null));--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_hold" CHECK (("checkout"."carts"."hold_reference" is null) = ("checkout"."carts"."held_until" is null));--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_state" CHECK ("checkout"."carts"."state" in ('open', 'completing', 'completed', 'merged'));--> statement-breakpoint
ALTER TABLE "checkout"."carts" ADD CONSTRAINT "carts_claim" CHECK (("checkout"."carts"."state" in ('open', 'merged')) = ("checkout"."carts"."completing_by" is null));