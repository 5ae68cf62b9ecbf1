"""Tests of the SIP proxy of the docs; they want Kamailio and SIPp (`make sip`)."""
