// Package docs is what people read. Its test holds the pages to each other and to what the code cites.
package docs
