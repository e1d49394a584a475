ALTER TABLE "audit"."records" ADD COLUMN "refused" text;--> statement-breakpoint
ALTER TABLE "audit"."records" ADD COLUMN "times" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "audit"."records" ADD CONSTRAINT "records_times" CHECK (times > 0);