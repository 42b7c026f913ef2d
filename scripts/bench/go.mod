module countersign/scripts/bench

go 1.26.0

require (
	countersign v0.0.0
	github.com/percipia/eslgo v1.5.2
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace countersign => ../..
