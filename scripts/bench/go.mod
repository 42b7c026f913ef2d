module countersign/scripts/bench

go 1.26.0

require (
	countersign v0.0.0
	github.com/emiago/sipgo v1.7.3
	github.com/google/pprof v0.0.0-20261105003125-4bf881d7fb0b
	github.com/percipia/eslgo v1.5.2
)

require (
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/gobwas/ws v1.3.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/icholy/digest v1.2.0 // indirect
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace countersign => ../..
