/** A text, and searches that must find it. */
export interface Sample {
  readonly script: string
  readonly text: string
  readonly queries: readonly string[]
}

const link = 'https://docs.example.com/guide/setup.html?lang=en&page=2#install'

/** Texts of people in 17 scripts, with what others would type to find them again. */
export const samples: readonly Sample[] = [
  {
    script: 'Latin',
    text: `Look here: ${link}`,
    queries: [link, 'setup.html', 'docs.example.com', 'guide', 'install']
  },
  {
    script: 'Latin',
    text: 'It is in docs/guide/setup-2.html now',
    queries: ['guide', 'setup', 'docs/guide', '2.html']
  },
  {
    script: 'Latin',
    text: 'Write to Jo.Doe@example.net!',
    queries: ['jo.doe@example.net', 'doe', 'example.net', '@example']
  },
  { script: 'Latin', text: 'We run v2.14.3 since Monday', queries: ['v2.14.3', '2.14.3', '2.14', 'V2', 'monday'] },
  {
    script: 'Latin',
    text: 'either/both will do #Release-2027 @demo_ana',
    queries: ['either', 'both', '#release', 'release-2027', '@demo_ana', 'ana', '2027']
  },
  {
    script: 'Latin',
    text: 'COVID-19, flight AB-1234 at 10km',
    queries: ['19', 'covid-19', '1234', 'ab-1234', '10', 'km', '10km']
  },
  { script: 'Latin', text: 'It was -15 degrees on 2026-12-01', queries: ['-15', '15', '2026', '12-01', '2026-12-01'] },
  { script: 'Latin', text: 'C++ is not C#, said O’Brien', queries: ['c++', 'C#', "o'brien", 'brien'] },
  { script: 'Latin', text: 'ÉCOLE ÄRGER ŻÓŁĆ ÇA ÑANDÚ', queries: ['école', 'ärger', 'żółć', 'ça', 'ñandú', 'ñan'] },
  { script: 'Latin', text: 'Die GROẞE STRASSE ist heiß', queries: ['große', 'straße', 'HEISS', 'stra'] },
  { script: 'Latin', text: 'İSTANBUL’da IRMAK kıyısı', queries: ['istanbul', 'İstanbul', 'ırmak', 'KIYISI'] },
  { script: 'Latin', text: 'ﬁne ｆｕｌｌ ｗｉｄｔｈ cafe\u0301', queries: ['fine', 'full width', 'café', 'CAFÉ'] },
  { script: 'Latin', text: 'l’été, aujourd’hui', queries: ['été', 'aujourd’hui', "l'été"] },
  {
    script: 'Cyrillic',
    text: 'ЧАЙ ИЛИ КОФЕ? Встретимся у вокзала',
    queries: ['чай', 'кофе', 'Вокзала', 'вокз', '"чай или"']
  },
  { script: 'Cyrillic', text: 'Їжак і ЄНОТ у Києві', queries: ['їжак', 'єнот', 'КИЄВІ'] },
  { script: 'Cyrillic', text: 'Отчёт за 2026-й: раздел/итоги', queries: ['отчёт', '2026', 'итоги', 'РАЗДЕЛ'] },
  { script: 'Greek', text: 'Ο ΔΡΟΜΟΣ ΓΙΑ ΤΗΝ ΑΘΗΝΑ', queries: ['δρομος', 'δρομοσ', 'αθηνα', 'Αθη'] },
  { script: 'Greek', text: 'Καλημέρα, πώς είσαι σήμερα;', queries: ['καλημέρα', 'ΠΏΣ', 'σήμερα', 'ΕΊΣΑΙ'] },
  { script: 'Arabic', text: 'مَرْحَبًا بِكَ فِي المَدِينَة', queries: ['مرحبا', 'المدينة', 'بك'] },
  { script: 'Arabic', text: 'الســـلام عليكم، كيف حالك؟', queries: ['السلام', 'حالك', 'عليكم', 'كيف'] },
  { script: 'Arabic', text: 'من کتاب‌ها را می‌خواهم', queries: ['کتاب', 'کتاب‌ها', 'میخواهم', 'خواهم'] },
  { script: 'Hebrew', text: 'שָׁלוֹם לכולם, נפגש מחר', queries: ['שלום', 'מחר', 'נפגש', 'לכולם'] },
  { script: 'Hebrew', text: 'בית־ספר בתל־אביב', queries: ['ספר', 'אביב', 'בית ספר'] },
  { script: 'Devanagari', text: 'नमस्ते, आप कैसे हैं? दिल्ली में मिलते हैं', queries: ['नमस्ते', 'दिल्ली', 'कैसे', 'मिलते'] },
  { script: 'Devanagari', text: 'क़लम और काग़ज़ लाना', queries: ['क\u093cलम', 'काग़ज़', 'लाना'] },
  { script: 'Bengali', text: 'আমি বাংলায় গান গাই', queries: ['বাংলায়', 'গান', 'আমি'] },
  { script: 'Tamil', text: 'நான் சென்னையில் வாழ்கிறேன்', queries: ['சென்னையில்', 'நான்', 'சென்னை'] },
  { script: 'Georgian', text: 'გამარჯობა, თბილისში ვარ', queries: ['გამარჯობა', 'ᲗᲑᲘᲚᲘᲡᲨᲘ', 'თბილის'] },
  { script: 'Armenian', text: 'ԲԱՐԵՒ, ես Երևանում եմ', queries: ['բարեւ', 'երևանում', 'ԵՐԵՒԱՆՈՒՄ'] },
  { script: 'Han', text: '我家在上海东边。', queries: ['上海', '东边', '家', '我家', '"上海东边"', '上'] },
  {
    script: 'Han',
    text: '今天天气很好，我们去公园吃午饭吧',
    queries: ['天气', '公园', '午饭', '今天 公园', '天天', '吃午饭', '我们']
  },
  { script: 'Han', text: '北京大学生前来应聘', queries: ['北京', '大学', '大学生', '北京大学', '应聘'] },
  { script: 'Han', text: '請參考２０２６年的報告#報告', queries: ['報告', '2026', '參考', '#報告', '2026年'] },
  { script: 'Japanese', text: '東京都に住んでいます', queries: ['東京', '東京都', '京都', '住んで', '都'] },
  {
    script: 'Japanese',
    text: 'サンフランシスコでコーヒーを飲みました',
    queries: ['サンフランシスコ', 'コーヒー', '飲みました', 'フランシスコ', 'ｺｰﾋｰ']
  },
  { script: 'Japanese', text: '新しいiPhoneを買った', queries: ['iphone', '買った', '新しい', 'IPHONE'] },
  { script: 'Japanese', text: '明日の会議は３時からです', queries: ['会議', '明日', '3時', '明日の会議'] },
  { script: 'Korean', text: '서울에서 만나요', queries: ['서울', '서울에서', '만나', '서'] },
  { script: 'Korean', text: '저는 KBS에서 일하고 집으로 갔습니다', queries: ['kbs', '집', '일하고', '갔', 'KBS에서'] },
  { script: 'Korean', text: '회의는 2026년에 부산에서 열립니다', queries: ['회의', '부산', '2026', '2026년'] },
  { script: 'Thai', text: 'ฉันไปโรงเรียนที่กรุงเทพทุกวัน', queries: ['โรงเรียน', 'กรุงเทพ', 'ทุกวัน', 'ฉัน', 'ไปโรงเรียน'] },
  { script: 'Thai', text: 'พรุ่งนี้เรากินข้าวที่ร้านอาหารญี่ปุ่น', queries: ['กินข้าว', 'ร้านอาหาร', 'ญี่ปุ่น', 'พรุ่งนี้', 'อาหาร'] },
  { script: 'Khmer', text: 'ខ្ញុំរៀនភាសាខ្មែរនៅសាលា', queries: ['ភាសា', 'ខ្មែរ', 'សាលា', 'រៀន', 'ភាសាខ្មែរ'] },
  { script: 'Lao', text: 'ຂ້ອຍຮຽນພາສາລາວຢູ່ໂຮງຮຽນ', queries: ['ພາສາ', 'ລາວ', 'ໂຮງຮຽນ', 'ພາສາລາວ'] },
  { script: 'Burmese', text: 'ကျွန်တော်မြန်မာစာသင်နေတယ်', queries: ['မြန်မာ', 'မြန်မာစာ', 'စာသင်', 'ကျွန်တော်'] },
  { script: 'emoji', text: 'well done 👍🏽 ❤️ ☕', queries: ['👍', '👍🏽', '❤', '❤️', '❤︎', '☕️'] },
  { script: 'emoji', text: 'off we go👩‍🚀🇫🇷 1️⃣', queries: ['👩‍🚀', '🚀', '👩', '🇫🇷', '1'] }
]

/** Searches for something else than the samples have, though they share letters with them. */
export const strangers: readonly string[] = [
  'idea',
  'setup.org',
  'doe.jo',
  '14.2.3',
  'v3',
  '"or both"',
  '#both',
  '@jo',
  'gui ',
  'вокза ',
  'αθην ',
  'مدير',
  'שלו ',
  'दिल ',
  '海上',
  '边东',
  '京東',
  'コーラ',
  '울서',
  '부산시청',
  'เรือ',
  'ខ្មោច',
  'ລາຄາ',
  'မြို့',
  '👎',
  '🇫🇮',
  '👩🏽'
]
