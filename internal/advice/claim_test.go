package advice

import (
	"testing"

	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
)

// What the lines of TestClaims are put between: the start of an attempt, and a failure that has nothing
// to do with the registration.
const (
	claimBegun = "Registering with DPS\n"
	claimAfter = "\nI2C error: device not found\n"
)

// TestClaims: a device that says in its own words that it is registered has no cause, whatever fails
// in the application later.
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		// these need nothing before them
		"status: assigned, hub: x",
		"device provisioned successfully",
		"[DPS] Device provisioned successfully, hub=one.azure-devices.net",
		"12:00:01.113 INFO app.dps: DPS registration succeeded - hub: one.azure-devices.net",
		"✅ DPS Provisioning successful! Assigned to: one.azure-devices.net",
		"DPS assigned hub: one.azure-devices.net",
		"Assigned Hub: one.azure-devices.net",
		"I (20311) azure: DPS provisioning OK",
		"Device dev-001 was assigned to IoT Hub contoso",
		"Device 'pump-7' has been provisioned to IoT Hub one.azure-devices.net",
		"Device registered with DPS.",
		"Provisioned via the Device Provisioning Service",
		"Device Provisioning Service: registration completed",
		"registration_result.status = assigned",
		"ProvisioningRegistrationStatusType.Assigned, provisioning status = Assigned",
		"DPS registration status=ASSIGNED hub=one.azure-devices.net device=a-1",
		"Successfully provisioned device a-1",
		"<inf> azure: DPS registration complete, device provisioned",
		"DPS provisioning via TPM succeeded",
		"Azure IoT Hub connected | device=a-1",
		"IoT Hub connection established",
		"Connection to Azure IoT Hub established",
		"IoT Hub connected successfully.",
		"[MAIN] Azure IoT Hub CONNECTED!",
		"Connected to IoT Central",
		"Device connected to IoT Central successfully",
		"Registration with DPS successful",
		"Provisioning Service assigned hub one",
		"IoT Hub MQTT connection established",
		"DPS provisioning completed in 450 ms",
		`{"level":"info","msg":"device provisioned successfully","hub":"one.azure-devices.net"}`,
	} {
		testClaim(t, line+claimAfter, true)
		testClaim(t, claimBegun+line+claimAfter, true)
	}
	for _, line := range []string{
		// and these say it only of the attempt before them
		"status: assigned",
		"Provisioning successful",
		"[INFO] provisioning succeeded in 2314 ms",
		"Registration completed successfully",
		"registration done",
		"Device registered",
		"Device a-1 assigned to hub contoso",
		"Successfully registered as a-1",
		"hub connected",
		"Provision complete",
		"DPS OK",
		"Hub connection established.",
	} {
		testClaim(t, line+claimAfter, false)
		testClaim(t, claimBegun+line+claimAfter, true)
	}
}

// TestNoClaims: lines with the same words that say nothing about the end of an attempt, also if one is
// open.
func TestNoClaims(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		// denied, asked, not yet
		"DPS registration not completed",
		"The device is not provisioned successfully",
		"waiting for DPS assigned hub: x",
		"once the device is provisioned successfully it connects to IoT Hub",
		"If DPS registration succeeded, the hub is printed",
		"Is the device provisioned successfully?",
		"expected status: assigned, hub: x",
		"DPS registration will be completed by the service",
		"The device should be registered with DPS",
		"Trying again until DPS provisioning is successful",
		"DPS registration completed: false",
		"Assigned hub: -",
		"Assigned hub: none",
		"status: unassigned, hub: x",
		"Device deprovisioned successfully",
		"Connected devices: none, IoT Hub connection pending",
		"disconnected from IoT Hub",
		// something else was provisioned
		"TPM provisioned successfully",
		"Device certificate provisioned successfully",
		"Successfully provisioned device certificate",
		"I (3201) wifi_prov_mgr: Provisioning successful",
		"I (3201) app: wifi provisioning successful",
		"Wireless device provisioned successfully",
		"BLE provisioning completed",
		"ZTP provisioning complete",
		"SIM provisioning complete",
		"docker image provisioned successfully",
		"Network registration completed successfully",
		"Firmware registration done",
		"Device 1 assigned to bus 3",
		"Provisioning state: Succeeded",
		"Modem: registration status: registered, home network",
		"HSM device key provisioned successfully",
		// what an operator does, and what was earlier
		"Enrollment for device a-1 registered successfully",
		"CA root registered with DPS",
		"DPS enrollment group created successfully",
		"DPS instance created, provisioning state Succeeded",
		"Device already provisioned, DPS registration skipped",
		"Using the last assigned hub: one",
		"Number of devices connected to IoT Central: 7",
		// only the way there
		"DPS registration finished: 401",
		"DPS registration completed with status 401002",
		"DPS provisioning completed with result: unassigned",
		"DPS provisioning step 1 complete",
		"IoT Hub linked to DPS successfully",
		"DPS client initialized successfully",
		"DPS connection successful",
		"TLS session connected to the hub's load balancer",
		"DPS request sent successfully",
		`Serial.println("Device provisioned successfully");`,
		`if (status == ASSIGNED) printf("DPS registration succeeded");`,
	} {
		testClaim(t, line+claimAfter, false)
		testClaim(t, claimBegun+line+claimAfter, false)
	}
}

func testClaim(t *testing.T, text string, good bool) {
	t.Helper()
	found := findings(t, text)
	if found.Outcome.Good() != good {
		t.Errorf("%q: %s", text, found.Outcome.State)
	}
	if causes := DiagnoseText(found, likeness.Default()).Causes; good && len(causes) > 0 {
		t.Errorf("%q: %s", text, causes[0].ID)
	}
}

// claimRecord is what the service knows of a registration, as "az iot dps enrollment registration show"
// prints it.
const claimRecord = `{
  "assignedHub": "x.azure-devices.net",
  "deviceId": "a-1",
  "status": "assigned",
  "substatus": "initialAssignment"
}
`

// TestClaimHidesNoFailure: what fails after a claim, or in a new attempt, counts.
func TestClaimHidesNoFailure(t *testing.T) {
	t.Parallel()
	const claim = "[DPS] device provisioned successfully\n"
	for _, text := range []string{
		claim + claimBegun + "E: timed out\n",
		claim + "reboot\nProvisioning failed\n",
		claim + "reboot\nregistration failed: timeout\n",
		claim + "reboot\nFailed to register the device\n",
		claim + "reboot\nERROR: new registration not possible\n",
		claim + "401002 Unauthorized\n",
		claim + "MQTT connect failed, rc=5\n",
		claim + "IoT Hub: failed to open the session\n",
		claimBegun + "device provisioned successfully, but the hub connection failed\n",
		claimBegun + "401002 Unauthorized\nProvisioning done\n",
		claim + "[hub] telemetry send failed: -1\n",
		"DPS: 401002 Unauthorized\nstatus: assigned\n",
		claimBegun + "401002 Unauthorized\nassignedHub: x.azure-devices.net\nstatus: assigned\n",
		claimBegun + "401002 Unauthorized\n" + claimRecord,
	} {
		if state := findings(t, text).Outcome.State; state != logtext.OutcomeRefused {
			t.Errorf("%q: %s", text, state)
		}
	}
	answer := claimBegun + "401002 Unauthorized\n{\"operationId\": \"5.9d\",\n\"registrationState\": " + claimRecord + "}\n"
	if state := findings(t, answer).Outcome.State; state != logtext.OutcomeRecovered {
		t.Errorf("%q: %s", answer, state)
	}
}
