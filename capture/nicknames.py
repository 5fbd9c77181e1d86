"""Which given names are short or pet forms of which: what anybody who speaks the language knows.

Between two bars stands one name in its forms. A form may stand in several places ("Ted" is an Edward or a Theodore); two given
names agree where they stand together. It is evidence, and weak beside the name itself.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from capture.letters import skeleton

_FORMS = """
abigail abby abbie gail | abraham abe bram | adam ad | adelaide adele addie | agnes aggie nessa | albert al bert
bertie albrecht | alexander alex al sandy sasha sascha alec xander lex alejandro alexandre aleksander aleksandr
oleksandr саша шура | alexandra alex sandra sandy lexi sasha sascha aleksandra alejandra ola | alfred al alf fred
freddie | alice allie | alison ali ally | amanda mandy | amelia amy millie | andrew andy drew andreas andre andrej
andrey andrei andrzej andres | angela angie | ann anne anna | annie anni nancy hanna hannah anouk anita | anthony tony
antony anton antonio antoine toni | antonia toni | antoinette toni | archibald archie | arthur art artie artur |
augustus gus august | barbara barb babs barbie basia bärbel | bartholomew bart bartek bartosz | beatrice bea trixie
beatriz beatrix | benedict ben benedikt | benjamin ben benny benji | bernard bernie bernhard bernd | bradley brad |
bridget biddy bridie | cameron cam | carl karl charles carlos carlo karel karol | caroline carol carrie caro karoline
carolina | catherine katherine kathryn katharine cathy kathy kate katie kat kit katrina katharina kathi käthe katja
katya katarina katarzyna kasia ekaterina yekaterina катя catalina caterina karin trina | cecilia cecily cece cissy |
charles charlie chuck chaz carlos carl karl | charlotte charlie lottie lotte | christina christine chris tina chrissy
christa kristina kristin kristen krystyna cristina christiane | christopher chris kit topher christoph kristof
krzysztof kris cristobal christophe | christian chris kristian | clarence clare | claudia claudi | clifford cliff |
constance connie | cornelia nelly conny | cynthia cindy | daniel dan danny dani danil daniil | daniela dani daniele
danielle | david dave davey davy dawid | deborah deb debbie debra | dennis den denny denis | diana di diane | dmitry
dmitri dima mitya дима | dominic dom dominik nick | donald don donny | dorothy dot dottie dolly dora dorothea dorothee
| douglas doug | edmund ed eddie ned | edward ed eddie ted teddy ned eduard edouard eduardo | edwin ed eddie win |
eleanor ellie nell nora elinor eleonore lenore | elena lena helen helene helena lenka ilona | elizabeth elisabeth liz
lizzie beth betsy betty bess eliza lisa elsa elise libby liza ella lisbeth sissi lisi elżbieta ela isabel isabella
elisaveta лиза | ellen ellie nell helen | emily em emmy emilia milly | emma em emmy | eric erik erich rick | ernest
ernie ernst | esther essie | eugene gene evgeny evgeni yevgeny женя zhenya eugen | eva eve evi ewa | evelyn evie |
ferdinand ferdi ferdy fernando nando | florence flo flossie | florian flo flori | frances fran frankie francie
francesca franziska franzi francoise francisca | francis frank fran francisco paco francesco franz franciszek francois
pancho curro | frank frankie | frederick fred freddie freddy frederic friedrich fritz federico fryderyk frederik |
gabriel gabe gabi | gabriele gabi gabriela | gabrielle gaby | gerald gerry jerry gerhard gerd | geoffrey geoff jeff
jeffrey | george georgie georg jorge giorgio jürgen jörg yuri jerzy юра | gertrude trudy gertie | gilbert gil |
gregory greg gregor grigory grisha grzegorz | guadalupe lupe | gwendolyn gwen | guillaume guy william | günther günter
gunter | harold harry hal | harriet hattie | heinrich heiner heinz henry hinrich | henry harry hank hal enrique henri
henryk | henrietta hettie etta | herbert herb bert bertie | hubert hugh bert | hugh hugo | ignacio nacho iñaki
ignatius | irene rene irena irina ира | isaac ike | isabel isabella bella izzy belle isabelle | jacob jake jakob jakub
kuba jack | jacqueline jackie | james jim jimmy jamie jem | jan hans jannik | jane janie jenny joan | janet jan |
jaroslaw jarek | jason jay | jennifer jen jenny jenna | jeremy jerry jem jeremiah | jerome jerry | jessica jess jessie
| jesus chuy | joachim achim jochen joaquin | joan joanie | joanna jo joanne johanna hanna asia | johannes hans hannes
jo john johan johann jan | john jack johnny jon jean juan giovanni ivan jan johannes johann hans ian sean ваня vanya |
jonathan jon jonny nathan john | joseph joe joey josef jose pepe giuseppe beppe józef yusuf joost | josephine jo josie
fifi josefine josefa pepa | joshua josh | judith judy judi jutta | julia julie jule juliet giulia yulia юля | julian
jules julien | katarzyna kasia | kenneth ken kenny | kimberly kim kimberley | konstantin kostya konni costa
костя | kristina kris krissy | lawrence larry lars laurie laurent lorenz lorenzo laurence | leonard leo len lenny
leonhard leonid leonardo | leopold leo poldi | leslie les | lewis lew | lillian lily lil lilli | linda lindy | louis
lou louie ludwig luis lewis luigi | louise lou lulu luise luisa | lucy lucia lucie luzia | lukas luke luca lucas
lukasz luc | madeline maddie madeleine magda magdalena leni lena | małgorzata gosia gocha margaret | manuel manolo
manny manu | manfred manni | marcus marc mark markus marek marco | margaret maggie meg peg peggy margie greta gretel
marge daisy rita madge margarete margarethe margarita grete marguerite gitta | maria mary marie mia maja mariya маша
masha manya mitzi mariechen maren miriam | marianne mary marian | marjorie marge margie | martha marty mattie marta |
martin marty martijn marten | mary molly polly may mamie maria marie | matilda tilly mattie mathilde maud | matthew
matt matty matthias mathias mateo | mateusz matteo matthieu mathieu matvey | maurice mo moritz mauricio | maximilian
max maxi maxim maxime maks | melanie mel melly | melissa mel missy lissa | mercedes merche | michael mike mick mickey
mikey micha michel michal miguel mikhail misha michele mihail | michelle shelly michele | miroslav mirek | mitchell
mitch | monica mona monika moni | nadezhda nadia nadya надя | nancy nan | natalie nat natalia nataliya natalya natasha
natascha наташа ната tasha | nathaniel nat nate nathan | nicholas nick nicky nico | niklas nikolaus klaus nicolas
mikolaj nikolai nikolay kolya colin claus коля nikita | nicole nicki nikki nico | norbert nobbi bert | norman norm |
olga olya оля | oliver ollie noll olli | olivia liv livvy | oscar ossie oskar | patricia pat patsy patty tricia trish
paddy | patrick pat paddy patrice | paul pauly pablo pavel paolo pawel pasha паша | paula pauline polly | penelope
penny | percival percy | peter pete petr piotr pedro pierre pietro petya pyotr петя | petra petri | philip phil pip
philipp phillip felipe filip philippe | prudence prue | rachel rae | rafael raffi raphael rafal rafa | ramon moncho |
randolph randy | raymond ray raimund | rebecca becky becca reba rebekka | reginald reg reggie | reinhard reini |
renate nati | richard rick dick rich richie ricky ricardo ryszard riccardo | robert bob bobby rob robbie bert robin
roberto | roderick rod | rodney rod | roger rodge hodge ruediger rüdiger | roland rolli rolf | ronald ron ronnie |
rosemary rosie rose rosa | roxanne roxy | rudolf rudi rudolph rodolfo rolf | russell russ | samantha sam sammy |
samuel sam sammy | sarah sally sadie sara | sebastian seb basti bastian | sergey sergei serge serhiy seryozha | sergio
сережа | sharon shari | shirley shirl | siegfried sigi | simon si szymon | sofia sophie sophia sonya sonia
zofia zosia соня | stanislaw stan staszek stas stanislav stanley | stella estelle | stephanie steph steffi stefanie
stefania | stephen steven steve stevie stefan stephan steffen esteban stepan etienne szczepan | susan sue susie suzy
susanna susanne suzanne sanna zuzanna | sylvia silvia sylvie | tamara toma tammy | tatiana tanya tania tatyana таня |
terence terry | theodore ted teddy theo | theodor fyodor fedor | theresa terry tess tessa teresa therese resi | thomas
tom tommy tomasz tomas tomek thom | timothy tim timmy | timo timofey | tobias tobi toby | ulrich uli ulli | ulrike uli
rike ulli | ursula uschi ulla ursel | valentin val valya | valerie val valeria | veronica ronnie vera veronika nika |
victor vic viktor vitya | victoria vicky tori vic viktoria vika tory | vincent vince vinny vincenzo | violet vi |
virginia ginny ginger | vladimir vova volodya vlad вова volodymyr wladimir włodzimierz | vivian viv | walter walt
wally wat | wilfred wilf fred | wilhelm willi willy wilm helm william | william bill billy will willie willy liam
guillermo guillaume willem wim | wojciech wojtek | wolfgang wolf wolfi | yuri yura jurij юра | yvonne vonnie | zachary
zach zack | анастасия настя стася anastasia nastya anastasiya asya | александра саша aleksandra alexandra | александр
саша alexander | дмитрий дима митя | екатерина катя | мария маша | владимир вова володя | евгений женя | евгения женя
| наталья наталия наташа | ольга оля | татьяна таня | ирина ира | светлана света svetlana sveta | юлия юля | сергей
серёжа | андрей андрюша | алексей лёша алёша aleksey alexey alexei lyosha alyosha alex | николай коля | павел паша |
михаил миша | иван ваня | пётр петя | борис боря | ксения ксюша ksenia ksyusha xenia | григорий гриша | константин
костя | людмила люда люся | geraldine gerry | gosia małgorzata | agnieszka aga | grażyna grazyna | jadwiga jadzia |
joaquin quino | concepcion concha conchita | dolores lola lolita | rosario charo | pilar pili | santiago santi diego
iago | enrique quique kike | jose pepe | maria jose majo
"""


@cache
def _groups() -> dict[str, frozenset[int]]:
    """Skeleton of a given name to the places in the table that it has."""
    found: dict[str, set[int]] = defaultdict(set)
    for number, forms in enumerate(_FORMS.split("|")):
        for form in forms.split():
            found[skeleton(form)].add(number)
    return {form: frozenset(numbers) for form, numbers in found.items()}


def nickname_groups(word: str) -> frozenset[int]:
    """The places of a given name, as a skeleton, among names and their forms."""
    return _groups().get(word, frozenset())


def same_by_nickname(a: str, b: str) -> bool:
    """Whether two given names, as skeletons, may be forms of one."""
    return not nickname_groups(a).isdisjoint(nickname_groups(b))
