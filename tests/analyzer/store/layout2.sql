BEGIN TRANSACTION;
CREATE TABLE documents (
	run INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (run, revision), 
	FOREIGN KEY(run) REFERENCES sessions (run)
);
INSERT INTO "documents" VALUES(1,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","name":"","technique":"swv","state":"running","revision":1,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all"},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}');
CREATE TABLE jobs (
	run INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	priority INTEGER NOT NULL, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run, position) REFERENCES uploads (run, position)
);
INSERT INTO "jobs" VALUES(1,3,0);
CREATE TABLE meta (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','2');
INSERT INTO "meta" VALUES('client_id','analyzer.ingest.0123456789abcdef01234567');
CREATE TABLE results (
	run INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	scan_index INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	superseded INTEGER NOT NULL, 
	announced INTEGER NOT NULL, 
	frequency_hz FLOAT, 
	number BIGINT, 
	document TEXT NOT NULL, 
	trend TEXT NOT NULL, 
	PRIMARY KEY (run, position, scan_index), 
	FOREIGN KEY(run, position) REFERENCES uploads (run, position)
);
INSERT INTO "results" VALUES(1,1,0,'SWV_10Hz_1.txt',1,1,60.0,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":1,"upload_id":"6f74f271cb26af3e76428e942c8e45646c40a0b702864e7e4f0a7f8ef4364558","scan":{"file":"SWV_10Hz_1.txt","index":0,"revision":1,"technique":"swv","format":"chi","frequency_hz":60.0,"number":1},"settings_revision":1,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":1.0063250205181154e-6,"peak_current_se_a":1.6559659784392285e-8,"peak_potential_v":-0.2999820845155663,"peak_potential_se_v":0.0006176487541561824,"area_av":7.099255409431082e-8,"area_se_av":2.492816490030479e-9,"fwhm_v":0.06652071640295351,"fwhm_se_v":0.0007983427100575029,"charge_c":1.6772083675301924e-8,"charge_se_c":2.759943297398714e-10,"flags":["name_header_mismatch"]}],"flags":["name_header_mismatch"]}','[[null, null, null, null, null, null, []]]');
INSERT INTO "results" VALUES(1,2,0,'SWV_10Hz_1.txt',0,0,60.0,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":2,"upload_id":"c998d19fee930a3faa9c71e62d2c48c6ad8b35d0388fb6c17bfb69ce202a72b4","scan":{"file":"SWV_10Hz_1.txt","index":0,"revision":2,"technique":"swv","format":"chi","frequency_hz":60.0,"number":1},"settings_revision":1,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":2.0126506418991054e-6,"peak_current_se_a":3.311929658527689e-8,"peak_potential_v":-0.29998209069962933,"peak_potential_se_v":0.0006176468664821098,"area_av":1.4198512357244486e-7,"area_se_av":4.985630892336238e-9,"fwhm_v":0.06652070847536465,"fwhm_se_v":0.0007983409438152678,"charge_c":3.354417736498509e-8,"charge_se_c":5.519882764212815e-10,"flags":["name_header_mismatch"]}],"flags":["name_header_mismatch"]}','[[null, null, null, null, null, null, []]]');
INSERT INTO "results" VALUES(2,1,0,'µ broken.txt',0,0,NULL,NULL,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","position":1,"upload_id":"ca2b8c0c26397b028868358b0e2c17dcc811fe4454562f5e12dc28c42c9f1856","scan":{"file":"µ broken.txt","index":0,"revision":1},"settings_revision":1,"trend_revision":0,"version":"0.1.0","electrodes":[],"flags":[],"error":"No table of numbers was found (at least 5 lines with potential and current); export the scan as text columns, or set the columns in the reading settings."}','[]');
CREATE TABLE sessions (
	run INTEGER NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	session_id VARCHAR(36) NOT NULL, 
	revision BIGINT NOT NULL, 
	settings_revision BIGINT NOT NULL, 
	recovered INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	last_position BIGINT NOT NULL, 
	trend_revision BIGINT NOT NULL, 
	trend_stale INTEGER NOT NULL, 
	content_version BIGINT NOT NULL, 
	last_result_at VARCHAR(40), 
	PRIMARY KEY (run), 
	UNIQUE (user_id, session_id)
);
INSERT INTO "sessions" VALUES(1,'alice','9b2f4c1e-0000-4000-8000-000000000001',1,1,0,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","name":"","technique":"swv","state":"running","revision":1,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all"},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}',3,0,0,1,'2026-11-22T00:00:00+00:00');
INSERT INTO "sessions" VALUES(2,'bob','9b2f4c1e-0000-4000-8000-000000000002',1,1,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","name":"recovered","technique":"swv","state":"stopped","revision":1,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"analyzer","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all"},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}',1,0,0,1,'2026-11-22T00:00:00+00:00');
CREATE TABLE uploads (
	run INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	upload_id VARCHAR(64) NOT NULL, 
	file TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	header TEXT NOT NULL, 
	received_at VARCHAR(40) NOT NULL, 
	unpacked_bytes BIGINT NOT NULL, 
	packed BLOB NOT NULL, 
	PRIMARY KEY (run, position), 
	UNIQUE (run, upload_id), 
	FOREIGN KEY(run) REFERENCES sessions (run)
);
INSERT INTO "uploads" VALUES(1,1,'6f74f271cb26af3e76428e942c8e45646c40a0b702864e7e4f0a7f8ef4364558','SWV_10Hz_1.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"6f74f271cb26af3e76428e942c8e45646c40a0b702864e7e4f0a7f8ef4364558","file":"SWV_10Hz_1.txt","technique":"swv","sha256":"b664766638e8e981a35b024c5f5621774266ed8e308a495773e350420819c3bb","complete":true}','2026-11-22T00:00:00+00:00',2048,X'785E5595CD4E5B311085F791F20E5E52092EF6CCD86323758150112C5A55AA94AE23B88B48F9296982449FBEE3B9BEF120B2E130191F9F6FC6FC38BC0F0EE0DA8187E49C0BFECED7CF72F1EBEDBC3E8EEEF7FA7D74ABC3F6B4DEEDC6D3F163B978DEFF3D1DCFBB717F72DF0FAFE3F6CEB987A7E7E0D13F2C17F5CF9B93FBE6AE565FDC5777E387B05C3C6EF6EBADD5622D7B395E243F782FDAFDEECF76733ABF8EEDDB2283C88FC7F1ED3CEE5F3EDCD5D3BFDA3589BDE5E2E7E1241E36EBEDEDEADA6DC2ED7D15EB813EFA6B17869298298F379E27397891415A86F849AED5228B5842AF86568D29001AB9F5CEE893A9C65A2D4752F2D9F76A9C9D78C8A5CBD47A0708C518A4D9094430D5B1551394C2BD496CBD0BA4648E4CB39382907A756AD59142862E73EBED81ED2DB939A1E24BECD5797652988C93DCAA257730BD4B73120B44E3A4CC4E0AC5DE44E29E308450CC7540598ACC72486F028D650831871E9590D56AC955D2B9F886C63210CA8F91A76A204436BD95250C42834D54A02C61602AE8FB2D4159A20C5DCEB90F04284B1C2206F41D31284B1A7C42B94F77A22C69E01483410CCA320E29C2A75B2ACB3424C984FB6882B2E481A35CC7F4569679E0926234BE9565912309BC495059866A104AED9D7477A0B10C184BA94D6679AA0E59BAF46A095065814754839DAAB1ED65C81974D39AAC2CA509728995CE2C5F9C50AE73D2646529BE2925336C28C9EA2D3905831895A5644232751D312A4B49B008CC0E0D95A5E4CD984D82A82C850ECB329826334BCA997A82A82C85BC2F6C761E95659D9300061A2A4B99AA0419FA3608C069065966C0186C7B29EF0373DF4B6C7B1930C8C25EA6AA8E98EE4E918DEAE45159CA927862DFC707752FA53A67DB5B229964C49CFA9134BFB12CCBD57B536329BD98BA6FD2BD94E731239ABC65F25AEF4826135296F5458E9CFBEE50DB4B2F2B87FD967479634BE6BEDCA42CEB8B2CF43AB4FA9BCA1C8A37D5F31B5BE336BD95A53A21344E9465CD04C0DE727E63397FAA5696D5490CD689B2ACFFA5505E8E0B349ADFD8904AEC74686619B198875A70372785CD9CD4699FF2669BA05CB23991ED6913FB1FB9A68CE8');
INSERT INTO "uploads" VALUES(1,2,'c998d19fee930a3faa9c71e62d2c48c6ad8b35d0388fb6c17bfb69ce202a72b4','SWV_10Hz_1.txt',2,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"c998d19fee930a3faa9c71e62d2c48c6ad8b35d0388fb6c17bfb69ce202a72b4","file":"SWV_10Hz_1.txt","technique":"swv","sha256":"083dff10b4d4280034df225eec1b9b5c4cc87e501ded2d05949246b30efa7c75","complete":true}','2026-11-22T00:00:00+00:00',2048,X'785E55954B6B54411085F703F31F7AA910AFF5EA47092E44145D288210D743BC8B8149A2E344D05F6FF5E34E974956272735A7EAEBAA7C7EFCBD04A29B4040298480F00AEACF7EF7F5E7D3E1BC866F87DF6BB87D3C5D0EF7F7EBE5FC67BFFBF8F0EB727EBA5F1F2EE1D3E3F7F5F42A84B71F3E2230BCDDEFEAAF8F97F02E3CBB7D1E5E8717B0E07EF7FEF87038792D56DBDDF92AC10260DA9BFB1FA7E3E5E9FB3AFEDA6432F9FD79FDF9B43EDCFD09CF3EFCAD5593C5DBEFBE3C5E2CC3F1707A797B138EF8F24D15EB0742849B808B72144DEB0BC85D463099161086FFE4EA26FB2BCD85A79B863B134976F2A89D1292737375E3529430E174F37013C4EC8AC8A84DC23E896C4922449D45E27097A81A9D3C6A97C804534E5B9292223979B8A1709229E7511BA2F82E734F025AB0B82465B855C52729C36D03163713ED49144B4497444712AB8C33898DBB7F24B1BA766C709D4ECC8073B034581263E23958C2EEB6B99AE1DA250D9654927D3BB9BBA5A4EC46458D252D0A18DDA8A8B1E445B424985D5263290B61CEC9CBD51D174894D0056C2CD3829493CEC152ACEEBC4406563793C652178698D8E54E7D82C831637D10A9BD6F6A2C71B19C29D7229BDCDD31AA0D65CA8D252ED679914A67B81B4B834629969A7BC88DA5D1C9A86D493679D0C95664BA6D801D03822DC4D56D6D7496D96ACF221555AF1D156A97BD3637962D89E6D9A5BDF59E5B946976C9B47519895C92B1972C6A3867EDB197C8C5684EB9B1B4794BCE329F0FB7BD343A828A13B1D5682CED6E7896DC581A79D49827626E2CED9DD84593B9C5DC58F21229A6E86A8FBD5489D472F713C6632FED3ED8699BF2D84B4AA4C5E51E7B896A1B355F150F96042A309F26B7BDAC74728CF3236D249D4ECA99676DD96EAC88B86D90C6D2A0018A3BA6B2B14CF6354F815C6FAC4599875A1A4B4B82B6F54E1E7B095220B924DB8D65CD3297C462B524A558963958692C2DA070698FAD0FD6D4DEA58DDB5D1F692C6B1228ED0D0E7763596722525C3B632F35A6E2AEBD8CBDB420E4933496F57D67BB1CB3F67663D9387979FBDF90FBA68D24D7BD3496AECBEDC61A4A97C49AEC33B1F3BD5DCD7F9AA68CDF');
INSERT INTO "uploads" VALUES(2,1,'ca2b8c0c26397b028868358b0e2c17dcc811fe4454562f5e12dc28c42c9f1856','µ broken.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000002","upload_id":"ca2b8c0c26397b028868358b0e2c17dcc811fe4454562f5e12dc28c42c9f1856","file":"µ broken.txt","technique":"swv","sha256":"f526795c95399cea27c055c842c3d6ab018ed0fa4f66f701c28ab22dec28237b","complete":true}','2026-11-22T00:00:00+00:00',6,X'785E4B2ACACF4ECD030008C10282');
INSERT INTO "uploads" VALUES(1,3,'74958042541b8b625102df3858eb59041b3759194548c1db8e49726f6d1bf9fb','SWV_10Hz_2.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"74958042541b8b625102df3858eb59041b3759194548c1db8e49726f6d1bf9fb","file":"SWV_10Hz_2.txt","technique":"swv","sha256":"4a0968ee4bf230f8a22f1733320c4bbd7401e855683baaf2883af7a309824a5e","complete":true}','2026-11-22T00:00:00+00:00',20,X'785E2B4FCC2C295628C957484A5548CC4BCCA92C4E4D01004E530784');
CREATE TABLE users (
	user_id VARCHAR(64) NOT NULL, 
	highest_revision BIGINT NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "users" VALUES('alice',1);
INSERT INTO "users" VALUES('bob',0);
CREATE INDEX sessions_by_revision ON sessions (user_id, revision);
CREATE INDEX sessions_stale ON sessions (trend_stale) WHERE trend_stale = 1;
CREATE INDEX uploads_by_file ON uploads (run, file, position);
CREATE INDEX jobs_in_order ON jobs (priority, run, position);
CREATE INDEX results_to_announce ON results (run, position, scan_index) WHERE announced = 0;
CREATE INDEX results_by_file ON results (run, file, position);
COMMIT;
