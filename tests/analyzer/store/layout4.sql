BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE claims (
	run INTEGER NOT NULL, 
	holder VARCHAR(64), 
	expires_at FLOAT, 
	turn BIGINT NOT NULL, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES sessions (run)
);
INSERT INTO "claims" VALUES(1,'one',NULL,1);
INSERT INTO "claims" VALUES(2,'one',NULL,2);
CREATE TABLE documents (
	run INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (run, revision), 
	FOREIGN KEY(run) REFERENCES sessions (run)
);
INSERT INTO "documents" VALUES(1,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","name":"first","technique":"swv","state":"running","revision":1,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all","method":null},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}');
INSERT INTO "documents" VALUES(1,2,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","name":"first","technique":"swv","state":"stopped","revision":2,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all","method":null},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}');
INSERT INTO "documents" VALUES(2,3,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","name":"second","technique":"swv","state":"running","revision":3,"settings_revision":3,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all","method":null},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}');
CREATE TABLE jobs (
	run INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	priority INTEGER NOT NULL, 
	since FLOAT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (run, position), 
	FOREIGN KEY(run, position) REFERENCES uploads (run, position)
);
INSERT INTO "jobs" VALUES(2,5,0,1.7958702916859865189e+09);
CREATE TABLE leases (
	name VARCHAR(32) NOT NULL, 
	holder VARCHAR(64), 
	expires_at FLOAT, 
	PRIMARY KEY (name)
);
CREATE TABLE marks (
	run INTEGER NOT NULL, 
	mark_id VARCHAR(36) NOT NULL, 
	made_at VARCHAR(40) NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (run, mark_id), 
	FOREIGN KEY(run) REFERENCES sessions (run)
);
INSERT INTO "marks" VALUES(2,'m1','2026-11-22T00:00:00+00:00','{"mark_id":"m1","kind":"injection","label":"ATP","at":null,"number":2,"concentration":null,"concentration_unit":"","by":""}');
CREATE TABLE meta (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','4');
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
INSERT INTO "results" VALUES(1,1,0,'SWV_10Hz_1.txt',0,0,10.0,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","position":1,"upload_id":"30255c6b74164eb413bdb4ca34ff7360ea7c7484d551814e225b229d631696e6","scan":{"file":"SWV_10Hz_1.txt","index":0,"revision":1,"technique":"swv","format":"chi","frequency_hz":10.0,"number":1},"settings_revision":1,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":1.0075209149984127e-6,"peak_current_se_a":1.9775571132718734e-8,"peak_potential_v":-0.30001047774941303,"peak_potential_se_v":0.0007807966441062123,"area_av":7.146345427286916e-8,"area_se_av":2.8843115030301504e-9,"fwhm_v":0.06654573667169578,"fwhm_se_v":0.001010997170709619,"charge_c":1.0075209149984128e-7,"charge_se_c":1.9775571132718733e-9,"flags":[]}],"flags":[]}','[[1.0, 0.0, null, null, null, null, []]]');
INSERT INTO "results" VALUES(2,1,0,'SWV_10Hz_1.txt',0,0,10.0,1,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":1,"upload_id":"0daacc28ae8bb184f6e739c21ec63932f14c3cd4abbe4e594b8a087955308123","scan":{"file":"SWV_10Hz_1.txt","index":0,"revision":1,"technique":"swv","format":"chi","frequency_hz":10.0,"number":1},"settings_revision":3,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":1.0075209149984119e-6,"peak_current_se_a":1.9775571132717857e-8,"peak_potential_v":-0.30001047774941303,"peak_potential_se_v":0.0007807966441061319,"area_av":7.146345427286877e-8,"area_se_av":2.8843115030300073e-9,"fwhm_v":0.06654573667169575,"fwhm_se_v":0.0010109971707095468,"charge_c":1.0075209149984118e-7,"charge_se_c":1.9775571132717856e-9,"flags":[]}],"flags":[]}','[[1.0, 0.0, null, null, null, null, []]]');
INSERT INTO "results" VALUES(2,2,0,'SWV_10Hz_2.txt',1,1,10.0,2,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":2,"upload_id":"cad06840a66eea456148208f124245ccd006da198b11b85c796e0cdf0da9b72f","scan":{"file":"SWV_10Hz_2.txt","index":0,"revision":1,"technique":"swv","format":"chi","frequency_hz":10.0,"number":2},"settings_revision":3,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":2.0150415893137696e-6,"peak_current_se_a":3.955114689492587e-8,"peak_potential_v":-0.3000104875735045,"peak_potential_se_v":0.0007807967304595425,"area_av":1.4292688898478503e-7,"area_se_av":5.768623167383123e-9,"fwhm_v":0.06654574019848472,"fwhm_se_v":0.0010109974751639963,"charge_c":2.0150415893137696e-7,"charge_se_c":3.9551146894925876e-9,"flags":[]}],"flags":[]}','[[1.9999997611135902, 0.04777082647059917, null, null, null, null, []]]');
INSERT INTO "results" VALUES(2,3,0,'SWV_10Hz_2.txt',0,0,10.0,2,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":3,"upload_id":"deea6873d08f6720c0d539d5b97bfe2806a97a7467ddab4eb89761191335c7e9","scan":{"file":"SWV_10Hz_2.txt","index":0,"revision":2,"technique":"swv","format":"chi","frequency_hz":10.0,"number":2},"settings_revision":3,"trend_revision":0,"method":"median/2","version":"0.1.0","electrodes":[{"electrode":1,"peak_current_a":3.0225624849551346e-6,"peak_current_se_a":5.932671564787778e-8,"peak_potential_v":-0.3000104833249907,"peak_potential_se_v":0.0007807969223355872,"area_av":2.14390348140392e-7,"area_se_av":8.65293440649448e-9,"fwhm_v":0.06654574424461071,"fwhm_se_v":0.0010109973805808897,"charge_c":3.022562484955135e-7,"charge_se_c":5.932671564787778e-9,"flags":[]}],"flags":[]}','[[2.9999997419010396, 0.07165623665435282, null, null, null, null, []]]');
INSERT INTO "results" VALUES(2,4,0,'broken.txt',0,0,NULL,NULL,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","position":4,"upload_id":"197fe53640024dfb7f10b29d553761e26d584aa1b4cfe7249aa18967e4646600","scan":{"file":"broken.txt","index":0,"revision":1},"settings_revision":3,"trend_revision":0,"version":"0.1.0","electrodes":[],"flags":[],"error":"No table of numbers was found (at least 5 lines with potential and current); export the scan as text columns, or set the columns in the reading settings."}','[]');
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
	deleted_at VARCHAR(40), 
	PRIMARY KEY (run), 
	UNIQUE (user_id, session_id)
);
INSERT INTO "sessions" VALUES(1,'alice','9b2f4c1e-0000-4000-8000-000000000002',2,1,0,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000002","name":"first","technique":"swv","state":"stopped","revision":2,"settings_revision":1,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all","method":null},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}',1,0,0,1,'2026-11-28T12:51:30.501454+00:00','2026-11-22T00:00:00+00:00');
INSERT INTO "sessions" VALUES(2,'alice','9b2f4c1e-0000-4000-8000-000000000001',3,3,0,'{"schema":1,"session_id":"9b2f4c1e-0000-4000-8000-000000000001","name":"second","technique":"swv","state":"running","revision":3,"settings_revision":3,"started_at":"2026-11-22T00:00:00Z","changed_at":"2026-11-22T00:00:00Z","changed_by":"","settings":{"source":{"handle":"","extension":"","frequencies_hz":[],"first_number":0,"last_number":null,"backlog":"all","method":null},"reading":{"delimiter":null,"decimal":null,"potential_column":null,"current_column":null,"time_column":null,"column_spacing":null,"potential_unit":null,"current_unit":null,"electrodes":[],"invert_current":false},"peak":{"method":"median","current":"difference","potential_min_v":null,"potential_max_v":null,"windows":[],"peak_direction":"either","smoothing":"auto","smoothing_filter":"savitzky-golay","smoothing_window_v":null,"smoothing_window_points":15,"smoothing_degree":2,"spike_filter":"off","spike_window_points":5,"spike_threshold_sigmas":3.0,"baseline":"mor","baseline_degree":1,"baseline_window_v":null,"cv":{"model":"auto","forward_segment":null,"reverse_segment":null,"forward_min_v":null,"forward_max_v":null,"reverse_min_v":null,"reverse_max_v":null,"scan_rate_v_s":null,"electrons":null,"temperature_c":25.0,"line_from_share":0.15,"line_to_share":0.4,"probe_potentials_v":[]},"ca":{"exponentials":"auto","step_s":null,"pulse":1,"fit_from_s":null,"fit_to_s":null,"charging_max_s":0.0005,"diffusion":true}},"trend":{"reference_number":1,"reference_last_number":null,"kdm_definition":"difference_plus_one","low_frequency_hz":null,"high_frequency_hz":null,"low_offset":0.0,"low_slope_per_scan":0.0,"common_error":null,"peak_move_max_v":0.02,"peak_drift_max_v":0.05}}}',5,1,0,3,'2026-11-28T12:51:31.364070+00:00',NULL);
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
INSERT INTO "uploads" VALUES(1,1,'30255c6b74164eb413bdb4ca34ff7360ea7c7484d551814e225b229d631696e6','SWV_10Hz_1.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000002","upload_id":"30255c6b74164eb413bdb4ca34ff7360ea7c7484d551814e225b229d631696e6","file":"SWV_10Hz_1.txt","technique":"swv","sha256":"c9e8b74b1a518cab5a1013bc5f1dce810d316e3fa708fea354f247a0559aaefb","complete":true}','2026-11-22T00:00:00+00:00',1127,X'785E5593CB6ADC401045F703FA875E3A60B7EBD52F4316C6C4D88B844060BC16B61603F388158DC1F9FA54F7F44C779036BA2ADDBAA7AAF5E3F0610DD1B521206F8C41B8837C0FAB5FEFC7719ECCCBF83199F561BB8CBBDDB4CC9FC3EA79FF67998FBB69BF98EF87B7697B67CCC3D33302C3C3B0CAAF378BF966AED65FCC5773031687D5E3663F6E7BCDE5B2D7F92281052DBBDFFDDE6E96E3DB543F5695B4F2719EDE8FD3FEF5D35C3DFDCDA6A8E986D5CFC3A21136E3F6767D6D36787B9FC5DC0F011447BF452771BA817092A9CAEC91B8C99C65B4493C4468B2D46A244C9D89ABB2504AA155FBB34962F24D0EB51A28F42DE3D92405E94C523571895C33D1D8271CC4E45B40AA94882E62BAB4A44A89C27A35B9509215072152930B255B84182336B9508A05CFD1752D0BA5B3DED17F2D0B65B0C13187AEBA50261BBC1074012B25B24B2927F1653B9AAFAC81C08964F82A174AB4C821B98C53E542A9DEE23D351C2E949A44928336412E949A3B70EC02F29952629416900B659E095268E744D14E130CE4A18D8AEB2E91515283E742496A22019A890639ED92397A7799B7544A4D1DA479EBDC6AB5932E89D45D0289FE72CDA450E683AC4B6EF0FA50FF068DDD5517CA9C84A86F5928B389C3DEE47C62D127D7E1544AE014BA9968C76AA2FBA983FD0757C3DFFD');
INSERT INTO "uploads" VALUES(2,1,'0daacc28ae8bb184f6e739c21ec63932f14c3cd4abbe4e594b8a087955308123','SWV_10Hz_1.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"0daacc28ae8bb184f6e739c21ec63932f14c3cd4abbe4e594b8a087955308123","file":"SWV_10Hz_1.txt","technique":"swv","sha256":"c9e8b74b1a518cab5a1013bc5f1dce810d316e3fa708fea354f247a0559aaefb","complete":true}','2026-11-22T00:00:00+00:00',1127,X'785E5593CB6ADC401045F703FA875E3A60B7EBD52F4316C6C4D88B844060BC16B61603F388158DC1F9FA54F7F44C779036BA2ADDBAA7AAF5E3F0610DD1B521206F8C41B8837C0FAB5FEFC7719ECCCBF83199F561BB8CBBDDB4CC9FC3EA79FF67998FBB69BF98EF87B7697B67CCC3D33302C3C3B0CAAF378BF966AED65FCC5773031687D5E3663F6E7BCDE5B2D7F92281052DBBDFFDDE6E96E3DB543F5695B4F2719EDE8FD3FEF5D35C3DFDCDA6A8E986D5CFC3A21136E3F6767D6D36787B9FC5DC0F011447BF452771BA817092A9CAEC91B8C99C65B4493C4468B2D46A244C9D89ABB2504AA155FBB34962F24D0EB51A28F42DE3D92405E94C523571895C33D1D8271CC4E45B40AA94882E62BAB4A44A89C27A35B9509215072152930B255B84182336B9508A05CFD1752D0BA5B3DED17F2D0B65B0C13187AEBA50261BBC1074012B25B24B2927F1653B9AAFAC81C08964F82A174AB4C821B98C53E542A9DEE23D351C2E949A44928336412E949A3B70EC02F29952629416900B659E095268E744D14E130CE4A18D8AEB2E91515283E742496A22019A890639ED92397A7799B7544A4D1DA479EBDC6AB5932E89D45D0289FE72CDA450E683AC4B6EF0FA50FF068DDD5517CA9C84A86F5928B389C3DEE47C62D127D7E1544AE014BA9968C76AA2FBA983FD0757C3DFFD');
INSERT INTO "uploads" VALUES(2,2,'cad06840a66eea456148208f124245ccd006da198b11b85c796e0cdf0da9b72f','SWV_10Hz_2.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"cad06840a66eea456148208f124245ccd006da198b11b85c796e0cdf0da9b72f","file":"SWV_10Hz_2.txt","technique":"swv","sha256":"eb8194125bb72b8a3e68289d6ec51f3e78dd340c3ffe55148c4d09dbe110aa2c","complete":true}','2026-11-22T00:00:00+00:00',1127,X'785E55934F6B1B3110C5EF0BFB1D744C215146A3D19F09F4104243726829149CF392EC61616D37DB7520FDF41D69654B253E3D8FDFCC4FEFE5C7F1432BC46B85805E2965E00ED2A7EF7EBD9F8665542FC3C7A876C7791DF6FB715D3EFBEEF9F0675D4EFBF1B0AAEFC7B771BE53EAE1E9D9808587BE4B5F4FABFAA6AE765FD4577503DAF4DDE37418E6567369EC75B948A041C6EEF7BFE7693DBD8DE5C7A2A24C3E2EE3FB693CBC7EAAABA7BFC9D4C8757DF7F3B8CA09D330DFEEAED5646EEF9398F61900C1D14016D88F371036198B1C102954D926D9E8C868BCA932956924DB9AB82247C7ECEAB43F9B44EFB0CAA14C83A376652C3233B526BC99B089CE5413397BC341CB08176F2C94688DB715070B25462F7F753A53A26630CE53953325693421785BE54CE9E5C98267AE72A6646DC179DB78674AA3AD031F92B7CFEF8D99D2E8E03052C22972A6149C6038A6959B2CF76559B024892A9FB30C8E21AD2CD39952BC892DD695B664698905B44E674AB99B42A0FA82726FA604FE8FD2664A7913E91ED5886DC992C961F6DE5A654B96E89163E35D281198A0A623876CF03E045BA729534AF26028BFC9E64D97C68A4B2DB2D4BAF43B826F4C32A514398A4D63726EAC9CDDD4873265BA8428D6B251C9523CB0353937D65A86E6924B96425957CAC6F22F25F114F87FD951E042');
INSERT INTO "uploads" VALUES(2,3,'deea6873d08f6720c0d539d5b97bfe2806a97a7467ddab4eb89761191335c7e9','SWV_10Hz_2.txt',2,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"deea6873d08f6720c0d539d5b97bfe2806a97a7467ddab4eb89761191335c7e9","file":"SWV_10Hz_2.txt","technique":"swv","sha256":"e4547e01ffb0e92c57bf0739e0872178d423fd3c60f4a8b4253d13e2083db985","complete":true}','2026-11-22T00:00:00+00:00',1127,X'785E4D93CB6A1C311045F703F30F5A3A60CBF5D2CB90853131F622211018AF1BBB1703F388273D06E7EB53ADAE8C04BDBAAABEBAA7AAF4E3F8E11DD1B523A0E89C43B883F95BAF7EBD9F87D3E85E868FD16D8EBB69D8EFC7E9F4B95E3D1FFE4CA7F37E3C4CEEFBF16DDCDD39F7F0F48CC0F0B05ECDC7DBC97D73579B2FEEABBB018FEBD5E3F630EC7A2DCC65AFA78B041EB4EC7EFF7BB79DCE6FA3FDAC2A69E5E3697C3F8F87D74F77F5F47736454DB75EFD3C4E1A613BEC6E37D76E8BB7F7B338DF87008AE3214A14196F202D322D3242E6044DE659469F39936093C54C3886D2990433A15C0AB5EA6826924ACA4D4E660219FB2BB3994821E94C8A99A4946233D1D80B0E879C5B6E324A9624215EAE24A314D671346FAA94EC39104B575D2983678A7DABA852668F058394E66D945442AE26B136962A25FA421170EEA0C94619480FB8C995923D80B62A5C64CD5765C2C83CC32F265C29B51A39C719C764A3549A925B12B6596A5B73E8AA2B257A6D08C61690FF534A0CD2FACD95527B029CB1932B257BC194BBC6B2517211E946CC959234BFE83A5E3AA8416C07B1DF2AA994BA838188DAB2C96563A3601B838E76598844503A6FA3CCCCA1AFB68D058DCD5D75A554931213CDD3591E8932D86B08DC9B182504C8A14B6294A88B022DB7DEB8980809D8B2FD037D54E005');
INSERT INTO "uploads" VALUES(2,4,'197fe53640024dfb7f10b29d553761e26d584aa1b4cfe7249aa18967e4646600','broken.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"197fe53640024dfb7f10b29d553761e26d584aa1b4cfe7249aa18967e4646600","file":"broken.txt","technique":"swv","sha256":"b04b52d046bdc75c49748866f9f96e6e737d3da439874bbfa6eb68de5cb2a83a","complete":true}','2026-11-22T00:00:00+00:00',10,X'785ECBCB57C82BCD4D4A2D2A0600152C03FA');
INSERT INTO "uploads" VALUES(2,5,'73d8b84e0170325b424c11507eb7103840e5bf905ef7d2356a2bfaf3f7d3bc60','SWV_10Hz_3.txt',1,'{"session_id":"9b2f4c1e-0000-4000-8000-000000000001","upload_id":"73d8b84e0170325b424c11507eb7103840e5bf905ef7d2356a2bfaf3f7d3bc60","file":"SWV_10Hz_3.txt","technique":"swv","sha256":"00b4f4da6b0901c6fc447d0059a8d7ed76182237fa81cea39f92ad5bc50f25d0","complete":true}','2026-11-22T00:00:00+00:00',1127,X'785E4D93CB6ADC401045F703FA875E3A60B7EBD52F4316C6C4D88B844060B216B61603F388158DC1F9FA54B7DAD3CD687555BA754F55CD8FD3BB3544D78680BC3106E10EF2336C7EBD9DC77932BFC7F7C96C4FFB653C1CA665FE1836CFC7BFCB7C3E4CC7C57C3FBD4EFB3B631E9E9E11181E864D7EBD5BCC3773B5FD62BE9A1BB0386C1E77C771DF6B2E97BDCC17092C68D9FDE1CF7EB79C5FA7FAB1AAA4958FF3F4769E8E2F1FE6EAE95F36454D376C7E9E168DB01BF7B7DB6BB3C3DBFB2CE67E08A03816A2C744D30D8455A655461149DC64CE32DA1085099B2CD54462E84D5C35099812B46A5F4D52609026876A8210FB96B19AA4A8BF569D5693C801A89968EC154734626B4995523C53E8AA2BA50B1CD85FBCA950B28DC048A1C985D25B61E7C835B950629EBE2B2D7D9920554AEF112936B9523A40964E2E946C199C8F39603529946C9370F239E02A6B3E95C512A16236B9506AB5C3883977AD2E946C29452F7982552E946425A50879F3552E9468BD4FAE0BC89F94A872A3E442A9330107DD8A7529EB041348F15EAF8AEB2E757CC9B7ED70A1D4241823B6ED6890F506D9896B9B9742A99B074ABEAD412E178BB1BB41A99490BCDEF4258954CA10D4A633F9BC588DDD9D8F144A4D4231F92E60A1CCFF06106AE72395127C88D8E0A552A28B115A4BED584D520C55FE0FC39AE051');
CREATE TABLE users (
	user_id VARCHAR(64) NOT NULL, 
	highest_revision BIGINT NOT NULL, 
	stored_bytes BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "users" VALUES('alice',3,2479);
CREATE INDEX sessions_stale ON sessions (trend_stale) WHERE trend_stale = 1;
CREATE INDEX sessions_by_revision ON sessions (user_id, revision);
CREATE INDEX uploads_by_file ON uploads (run, file, position);
CREATE INDEX jobs_in_order ON jobs (priority, run, position);
CREATE INDEX results_to_announce ON results (run, position, scan_index) WHERE announced = 0;
CREATE INDEX results_by_file ON results (run, file, position);
COMMIT;
