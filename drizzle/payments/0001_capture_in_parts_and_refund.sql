CREATE TABLE "payments"."refusals" (
	"id" text PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"amount_minor" bigint,
	"currency" text,
	"reason" text NOT NULL,
	"at" text NOT NULL
);--> statement-breakpoint
ALTER TABLE "payments"."attempts" DROP CONSTRAINT "attempts_kind";--> statement-breakpoint
ALTER TABLE "payments"."ledger" DROP CONSTRAINT "ledger_account";--> statement-breakpoint
ALTER TABLE "payments"."payments" DROP CONSTRAINT "payments_state";--> statement-breakpoint
ALTER TABLE "payments"."payments" DROP CONSTRAINT "payments_captured";--> statement-breakpoint
ALTER TABLE "payments"."payments" DROP CONSTRAINT "payments_taken";--> statement-breakpoint
DROP INDEX "payments"."attempts_of_payment";--> statement-breakpoint
ALTER TABLE "payments"."attempts" ADD COLUMN "request" text;--> statement-breakpoint
ALTER TABLE "payments"."attempts" ADD COLUMN "value_day" date;--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD COLUMN "refunded_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD COLUMN "capturing_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD COLUMN "voiding_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD COLUMN "refunding_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "attempts_authorisation" ON "payments"."attempts" USING btree ("payment_id") WHERE kind = 'authorise';--> statement-breakpoint
-- A capture under way was a claim on the whole payment; from now on it is an amount, and the sweep finishes it.
UPDATE "payments"."attempts" SET "request" = "id" WHERE "kind" = 'capture';--> statement-breakpoint
UPDATE "payments"."payments" SET "state" = 'authorised', "capturing_minor" = "authorised_minor" WHERE "state" = 'capturing';--> statement-breakpoint
UPDATE "payments"."sagas" SET "state" = 'undone' WHERE "operation" = 'payments.capture' AND "state" IN ('running', 'undoing');--> statement-breakpoint
ALTER TABLE "payments"."attempts" ADD CONSTRAINT "attempts_kind" CHECK ("payments"."attempts"."kind" in ('authorise', 'capture', 'void', 'refund'));--> statement-breakpoint
ALTER TABLE "payments"."ledger" ADD CONSTRAINT "ledger_account" CHECK ("payments"."ledger"."account" in ('provider_hold', 'customer_promise', 'provider_receivable', 'sales', 'refunds'));--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD CONSTRAINT "payments_claims" CHECK (least("payments"."payments"."capturing_minor", "payments"."payments"."voiding_minor", "payments"."payments"."refunding_minor") >= 0);--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD CONSTRAINT "payments_given_back" CHECK ("payments"."payments"."refunded_minor" + "payments"."payments"."refunding_minor" <= "payments"."payments"."captured_minor");--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD CONSTRAINT "payments_state" CHECK ("payments"."payments"."state" in ('authorising', 'authorised', 'declined', 'captured', 'refunded', 'voiding', 'voided'));--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD CONSTRAINT "payments_captured" CHECK (least("payments"."payments"."captured_minor", "payments"."payments"."voided_minor", "payments"."payments"."refunded_minor") >= 0);--> statement-breakpoint
ALTER TABLE "payments"."payments" ADD CONSTRAINT "payments_taken" CHECK ("payments"."payments"."captured_minor" + "payments"."payments"."capturing_minor" + "payments"."payments"."voided_minor" + "payments"."payments"."voiding_minor" <= "payments"."payments"."authorised_minor");