module dpsdiag

go 1.26.0

// What the program is built from.
require (
	github.com/Azure/go-amqp v1.7.0 // AMQP 1.0 client of the probe
	github.com/cenkalti/backoff/v5 v5.0.3 // exponential backoff with jitter of the retries
	github.com/coder/websocket v1.8.15 // WebSocket of MQTT and AMQP, on both sides
	github.com/eclipse/paho.golang v0.23.0 // MQTT 5 packets of the probe and of the emulator, for hubs
	github.com/eclipse/paho.mqtt.golang v1.5.1 // MQTT 3.1.1 client of the probe; its packets are the codec of the emulator
	github.com/fatih/color v1.19.0 // colours of the text report
	github.com/google/go-tpm v0.9.8 // TPM 2.0 commands and structures
	github.com/mattn/go-runewidth v0.0.19 // how wide a character is on a terminal
	github.com/olekukonko/tablewriter v1.1.0 // tables of the text report; from v1.1.2 on it allocates 650 kB at every start of the program
	github.com/pelletier/go-toml/v2 v2.4.3 // config.toml of IoT Edge, the emulator's own, and the source of the catalogue
	github.com/spf13/cobra v1.10.2 // commands, completion, manual pages
	github.com/spf13/pflag v1.0.9 // flags in groups
	golang.org/x/net v0.62.0 // SOCKS5, the proxy variables of the environment, and the pages of reports
	golang.org/x/sys v0.49.0 // the lock of a file on Windows
	golang.org/x/term v0.47.0 // whether there is a terminal, how wide it is, passwords without echo
	golang.org/x/time v0.16.0 // the rate of a fleet
	software.sslmate.com/src/go-pkcs12 v0.7.4 // .pfx and .p12 files
)

// What only the tests and the training need.
require (
	github.com/google/go-cmp v0.7.0 // differences between values
	github.com/rogpeppe/go-internal v1.16.0 // scripts that test the command line (testscript), txtar archives
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // the schemas of our documents and of SARIF
	go.uber.org/goleak v1.3.0 // goroutines that were left behind
	gonum.org/v1/gonum v0.17.0 // L-BFGS, which trains the model of internal/likeness
)

require (
	github.com/clipperhouse/uax29/v2 v2.2.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/olekukonko/errors v1.3.0 // indirect
	github.com/olekukonko/ll v0.0.9 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
)
