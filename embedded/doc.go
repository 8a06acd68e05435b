// Package embedded runs what a shop needs around it inside, or as a child of, this process: PostgreSQL,
// Redis and a mail server that delivers nothing. It is for development and tests on one machine.
package embedded
