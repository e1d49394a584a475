CREATE TABLE "checkout"."schedules" (
	"name" text PRIMARY KEY NOT NULL,
	"begun_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
