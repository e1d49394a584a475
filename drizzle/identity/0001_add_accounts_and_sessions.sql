CREATE TABLE "identity"."accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text,
	"password_hash" text NOT NULL,
	"roles" text[] NOT NULL,
	"created_at" text NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "accounts_email" UNIQUE("email"),
	CONSTRAINT "accounts_password_hash_form" CHECK (password_hash like '$argon2id$%')
);--> statement-breakpoint
CREATE TABLE "identity"."password_attempts" (
	"email_hash" text PRIMARY KEY NOT NULL,
	"attempts" integer NOT NULL,
	"started_at" text NOT NULL,
	CONSTRAINT "password_attempts_hash_form" CHECK (email_hash ~ '^[0-9a-f]{64}$')
);--> statement-breakpoint
CREATE TABLE "identity"."refresh_tokens" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"session_id" text NOT NULL,
	"issued_at" text NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "refresh_tokens_hash_form" CHECK (token_hash ~ '^[0-9a-f]{64}$')
);--> statement-breakpoint
CREATE TABLE "identity"."roles" (
	"name" text PRIMARY KEY NOT NULL,
	"permissions" jsonb NOT NULL,
	"version" bigint NOT NULL
);--> statement-breakpoint
CREATE TABLE "identity"."sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"started_at" text NOT NULL,
	"expires_at" text NOT NULL,
	"lasts_until" text NOT NULL,
	"closed_at" text,
	"closed_for" text,
	"version" bigint NOT NULL,
	CONSTRAINT "sessions_closed" CHECK ((closed_at is null) = (closed_for is null)),
	CONSTRAINT "sessions_closed_for" CHECK (closed_for in ('logged_out', 'token_reused'))
);--> statement-breakpoint
ALTER TABLE "identity"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "identity"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."sessions" ADD CONSTRAINT "sessions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "identity"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "accounts_oldest_first" ON "identity"."accounts" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "accounts_roles" ON "identity"."accounts" USING gin ("roles");--> statement-breakpoint
CREATE INDEX "password_attempts_started_at" ON "identity"."password_attempts" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session" ON "identity"."refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_issued_at" ON "identity"."refresh_tokens" USING btree ("issued_at");--> statement-breakpoint
CREATE INDEX "sessions_expires_at" ON "identity"."sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_account" ON "identity"."sessions" USING btree ("account_id");--> statement-breakpoint
INSERT INTO "identity"."roles" ("name", "permissions", "version") VALUES
	('support', '["catalog:read", "fulfilment:read", "inventory:read", "orders:cancel", "orders:read", "payments:read"]', 1),
	('warehouse', '["catalog:read", "fulfilment:read", "fulfilment:ship", "inventory:read", "inventory:write", "orders:read"]', 1),
	('finance', '["orders:capture", "orders:read", "orders:refund", "payments:read", "pricing:read", "reporting:read"]', 1),
	('merchandiser', '["catalog:read", "catalog:write", "fulfilment:read", "fulfilment:write", "inventory:read", "pricing:read", "pricing:write", "reporting:read"]', 1);
